import http, { type IncomingMessage } from "node:http";
import { BlockList, connect } from "node:net";
import { serverErrorSchema } from "@muxi/protocol";
import { describe, expect, it } from "vitest";
import { until, untilExpected } from "../../../test/until.ts";
import { createFormation, devRun, startTestServer, type TestServer } from "./helpers.ts";

/** A plain request goes from socket to socket; one that closes its connection, through Node's HTTP server. */
const ways = [
  ["from socket to socket", undefined],
  ["through Node's server", false],
] as const;

type Agent = (typeof ways)[number][1];

interface Proxied extends TestServer {
  agent: Agent;
  draft: string;
  formationPort: number;
  pid: number;
}

const startProxied = async (
  agent?: Agent,
  config?: Parameters<typeof startTestServer>[0],
): Promise<Proxied> => {
  const server = await startTestServer(config);
  const { body } = await devRun(server, await createFormation("hello"));
  return {
    ...server,
    agent,
    draft: `${server.url}/draft/hello`,
    formationPort: Number(body.port),
    pid: Number(body.pid),
  };
};

interface Echo {
  method: string;
  url: string;
  headers: Record<string, string>;
  rawHeaders: string[];
  size: number;
  body: string;
}

/** A request as it is written here: fetch would normalise paths and refuse headers. */
const request = (
  server: Proxied,
  options: http.RequestOptions,
  body?: string | Buffer,
): Promise<{ status: number; headers: http.IncomingHttpHeaders; text: string }> =>
  new Promise((resolve, reject) => {
    const sent = http.request({ port: server.port, agent: server.agent, ...options }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text: Buffer.concat(chunks).toString(),
        }),
      );
    });
    sent.on("error", reject);
    sent.end(body);
  });

const echo = async (server: Proxied, options: http.RequestOptions, body?: string | Buffer): Promise<Echo> =>
  JSON.parse((await request(server, options, body)).text);

/** Opens a stream and resolves with its head. */
const open = (
  server: Proxied,
  path: string,
): Promise<{ sent: http.ClientRequest; response: IncomingMessage }> =>
  new Promise((resolve, reject) => {
    const sent = http.get({ port: server.port, path, agent: server.agent }, (response) =>
      resolve({ sent, response }),
    );
    sent.on("error", reject);
  });

const openRequests = async (server: Proxied): Promise<number> =>
  Number(await (await fetch(`http://127.0.0.1:${server.formationPort}/open`)).text());

/** Everything that a raw connection answers until it is closed. */
const rawExchange = (port: number, text: string): Promise<string> =>
  new Promise((resolve, reject) => {
    let received = "";
    const socket = connect(port, "127.0.0.1", () => socket.write(text));
    socket.setEncoding("utf8").on("data", (chunk) => {
      received += chunk;
    });
    socket.on("error", reject);
    socket.on("close", () => resolve(received));
  });

describe.each(ways)("requests, %s,", (_way, agent) => {
  it("reach the formation with method, query and body as they were sent", async () => {
    const server = await startProxied(agent);
    const path = "/draft/hello/v1/a%2Fb//c/../d?q=%20x&q=ü";
    const got = await echo(
      server,
      { method: "PATCH", path: encodeURI(decodeURI(path)).replace("%252F", "%2F") },
      "body",
    );
    expect(got).toMatchObject({ method: "PATCH", body: "body" });
    expect(got.url).toBe("/v1/a%2Fb//c/../d?q=%20x&q=%C3%BC");
    expect((await echo(server, { path: "/draft/hello" })).url).toBe("/");
    expect((await echo(server, { path: "/draft/hello?x=1" })).url).toBe("/?x=1");
  });

  it("carry bodies of any size, with and without a length", async () => {
    const server = await startProxied(agent);
    const path = "/draft/hello/echo";
    const large = Buffer.alloc(3_000_000, "x");
    expect((await echo(server, { method: "POST", path }, large)).size).toBe(large.length);
    const headers = { "transfer-encoding": "chunked" };
    expect((await echo(server, { method: "POST", path, headers }, large)).size).toBe(large.length);
    expect((await echo(server, { method: "DELETE", path, headers: { "content-length": 1 } }, "x")).size).toBe(
      1,
    );
    expect((await echo(server, { method: "GET", path, headers: { "content-length": 3 } }, "abc")).body).toBe(
      "abc",
    );
    const empty = await echo(server, { method: "POST", path, headers: { "content-length": 0 } });
    expect(empty).toMatchObject({ method: "POST", size: 0 });
  });

  it("lose what belongs to one connection, and gain what the formation should know", async () => {
    const server = await startProxied(agent);
    const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    const got = await echo(server, {
      path: "/draft/hello/echo",
      headers: {
        connection: "close, X-Private",
        "x-private": "1",
        te: "trailers",
        "proxy-authorization": "Basic x",
        "x-muxi-server": "forged",
        "x-formation-id": "forged",
        "x-forwarded-for": "203.0.113.9",
        "x-forwarded-proto": "https",
        "x-forwarded-host": "forged.example",
        "x-forwarded-prefix": "/forged",
        "x-real-ip": "203.0.113.9",
        "x-muxi-client-key": "kept",
        traceparent,
      },
    });
    expect(got.headers).toMatchObject({
      host: `127.0.0.1:${server.formationPort}`,
      "x-forwarded-for": "203.0.113.9, 127.0.0.1",
      "x-forwarded-proto": "http",
      "x-forwarded-host": `localhost:${server.port}`,
      "x-forwarded-prefix": "/draft/hello",
      "x-formation-id": "hello",
      "x-muxi-client-key": "kept",
      traceparent,
    });
    expect(got.headers["x-muxi-server"]).toMatch(/^\d+\.\d+\.\d+/);
    for (const name of ["x-private", "te", "proxy-authorization", "x-real-ip"])
      expect(got.headers).not.toHaveProperty(name);
    expect(got.rawHeaders.filter((name) => name.toLowerCase() === "x-forwarded-for")).toHaveLength(1);
  });

  it("believe the protocol and host of a trusted proxy only", async () => {
    const trustedProxies = new BlockList();
    trustedProxies.addSubnet("127.0.0.0", 8);
    const server = await startProxied(agent, { config: { trustedProxies } });
    const headers = { "x-forwarded-proto": "https", "x-forwarded-host": "muxi.example" };
    const below = { ...headers, "x-forwarded-prefix": "/muxi" };
    expect((await echo(server, { path: "/draft/hello/echo", headers: below })).headers).toMatchObject({
      ...headers,
      "x-forwarded-prefix": "/muxi/draft/hello",
    });
  });

  it("carry a request id: the client's, or a new one", async () => {
    const server = await startProxied(agent);
    const path = "/draft/hello/echo";
    const kept = await echo(server, { path, headers: { "x-muxi-request-id": "req_mine-1" } });
    expect(kept.headers["x-muxi-request-id"]).toBe("req_mine-1");
    const made = await echo(server, { path, headers: { "x-muxi-request-id": "no good id" } });
    expect(made.headers["x-muxi-request-id"]).toMatch(/^req_\w{21}$/);
  });

  it("get 100 Continue when they wait for it", async () => {
    const server = await startProxied(agent);
    const answer = await rawExchange(
      server.port,
      "POST /draft/hello/echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok",
    );
    expect(answer).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK/);
    expect(answer).toContain('"body":"ok"');
  });
});

describe.each(ways)("answers, %s,", (_way, agent) => {
  it("come back with status and headers, but not those of the connection", async () => {
    const server = await startProxied(agent);
    const got = await request(server, { path: "/draft/hello/cookies" });
    expect(got).toMatchObject({ status: 201, text: "ok" });
    expect(got.headers["set-cookie"]).toEqual(["a=1", "b=2"]);
    expect(got.headers).not.toHaveProperty("x-private");
    expect(got.headers["keep-alive"]).not.toBe("timeout=9");
    const redirect = await request(server, { path: "/draft/hello/redirect" });
    expect(redirect).toMatchObject({ status: 302, headers: { location: "/elsewhere" } });
    const head = await request(server, { path: "/draft/hello/cookies", method: "HEAD" });
    expect(head).toMatchObject({ status: 201, text: "", headers: { "content-length": "2" } });
  });

  it("let browsers read them, and echo the SDK's version", async () => {
    const server = await startProxied(agent);
    const headers = { "x-muxi-sdk": "typescript/1.2.3" };
    const got = await request(server, { path: "/draft/hello/echo", headers });
    expect(got.headers).toMatchObject({
      "access-control-allow-origin": "*",
      "x-muxi-sdk-latest": "1.2.3",
    });
    expect((await request(server, { path: "/draft/hello/echo" })).headers).not.toHaveProperty(
      "x-muxi-sdk-latest",
    );
  });

  it("have the headers for other origins that the formation gives, also where it allows none", async () => {
    const server = await startProxied(agent);
    const page = { origin: "https://app.example" };
    const asked = { ...page, "access-control-request-method": "POST" };
    const preflight = await echo(server, { path: "/draft/hello/echo", method: "OPTIONS", headers: asked });
    expect(preflight).toMatchObject({ method: "OPTIONS", headers: asked });
    expect(preflight.headers["x-forwarded-host"]).toBe(`localhost:${server.port}`);
    const silent = await request(server, { path: "/draft/hello/echo", headers: page });
    expect(silent.status).toBe(200);
    expect(silent.headers).not.toHaveProperty("access-control-allow-origin");
  });

  it("of the server itself can be read by a page as those of a formation", async () => {
    const server = await startProxied(agent);
    const page = { origin: "https://app.example" };
    const readable = {
      "access-control-allow-origin": "https://app.example",
      "access-control-allow-credentials": "true",
      vary: "origin",
    };
    expect(await request(server, { path: "/api/nobody/v1/chat", headers: page })).toMatchObject({
      status: 404,
      headers: readable,
    });
    const preflight = await request(server, {
      path: "/api/nobody/v1/chat",
      method: "OPTIONS",
      headers: {
        ...page,
        "access-control-request-method": "POST",
        "access-control-request-headers": "traceparent, x-mine",
      },
    });
    expect(preflight).toMatchObject({
      status: 204,
      text: "",
      headers: { ...readable, "access-control-allow-headers": "traceparent, x-mine" },
    });
    expect(preflight.headers["access-control-allow-methods"]).toContain("PATCH");
  });

  it("to MCP of a page whose name resolves to this machine are 403", async () => {
    const server = await startProxied(agent);
    const statusOf = async (path: string, host: string) => {
      const headers = { host, origin: `http://${host}` };
      return (await request(server, { path, method: "POST", headers }, "{}")).status;
    };
    for (const path of ["/draft/hello/mcp", "/draft/hello/mcp?x", "/mcp/hello"]) {
      expect(await statusOf(path, "evil.example"), path).toBe(403);
      expect(await statusOf(path, "localhost"), path).not.toBe(403);
    }
    expect(await statusOf("/draft/hello/echo", "evil.example")).toBe(200);
  });

  it("arrive before the formation has said more than the head", async () => {
    const server = await startProxied(agent);
    const { sent, response } = await open(server, "/draft/hello/headers-only");
    expect(response.headers["content-type"]).toBe("text/event-stream");
    sent.destroy();
  });

  it("arrive chunk by chunk", async () => {
    const server = await startProxied(agent);
    const { sent, response } = await open(server, "/draft/hello/stream");
    const first = await new Promise<Buffer>((resolve) => response.once("data", resolve));
    expect(first.toString()).toMatch(/^data: 1\n\n/);
    sent.destroy();
  });

  it("of a fast formation wait for a slow client", async () => {
    const server = await startProxied(agent);
    const { sent, response } = await open(server, "/draft/hello/flood");
    const flooded = async (): Promise<number> =>
      Number(await (await fetch(`http://127.0.0.1:${server.formationPort}/flooded`)).text());
    // Nobody reads: what is sent stops growing once the sockets' buffers are full, far below the whole. For each of
    // these answers formation and proxy had a turn in which they could have sent more.
    let held = 0;
    let unchanged = 0;
    await until("nothing flows any more", async () => {
      const sent = await flooded();
      unchanged = sent > 0 && sent === held ? unchanged + 1 : 0;
      held = sent;
      return unchanged === 50;
    });
    expect(held).toBeLessThan(48 * 1024 * 1024);
    let size = 0;
    for await (const chunk of response) size += chunk.length;
    expect(size).toBe(64 * 1024 * 1024);
    sent.destroy();
  });

  it("may come before the upload has ended", async () => {
    const server = await startProxied(agent);
    const got = await new Promise<{ status: number | undefined; text: string }>((resolve, reject) => {
      const sent = http.request(
        {
          port: server.port,
          path: "/draft/hello/too-large",
          method: "POST",
          headers: { "content-length": 1e8 },
        },
        (response) => {
          response.setEncoding("utf8").once("data", (text: string) => {
            resolve({ status: response.statusCode, text });
            sent.destroy();
          });
        },
      );
      sent.on("error", reject);
      sent.write(Buffer.alloc(1_000_000));
    });
    expect(got).toEqual({ status: 413, text: "too large" });
  });
});

describe.each(ways)("a client that leaves, %s,", (_way, agent) => {
  it.each(["/stream", "/hang"])("ends its request to the formation (%s)", async (path) => {
    const server = await startProxied(agent);
    const sent = http.get({ port: server.port, path: `/draft/hello${path}`, agent });
    sent.on("error", () => undefined);
    sent.on("response", (response) => response.resume());
    await untilExpected("the request is open", async () => expect(await openRequests(server)).toBe(1));
    sent.destroy();
    await untilExpected("it has ended", async () => expect(await openRequests(server)).toBe(0));
  });

  it("in the middle of an upload ends it, too", async () => {
    const server = await startProxied(agent);
    const headers = { "content-length": 1e8 };
    const sent = http.request({
      port: server.port,
      path: "/draft/hello/hang",
      method: "POST",
      headers,
      agent: false,
    });
    sent.on("error", () => undefined);
    sent.write(Buffer.alloc(100_000));
    await untilExpected("the request is open", async () => expect(await openRequests(server)).toBe(1));
    sent.destroy();
    await untilExpected("it has ended", async () => expect(await openRequests(server)).toBe(0));
  });
});

describe.each(ways)("failures, %s:", (_way, agent) => {
  it("unknown formations are 404, with a body that is JSON whatever the id holds", async () => {
    const server = await startProxied(agent);
    for (const path of [
      "/api/hello/v1/chat",
      "/mcp/hello",
      "/draft/nobody",
      "/draft/%22%7D",
      '/draft/a"b',
      "/api/x?y",
    ]) {
      const got = await request(server, { path });
      expect(got.status, path).toBe(404);
      expect(got.headers["x-muxi-request-id"]).toMatch(/^req_/);
      expect(got.headers["access-control-allow-origin"]).toBe("*");
      const body = serverErrorSchema().parse(JSON.parse(got.text));
      expect(body).toMatchObject({ error: "Formation not found", code: 404 });
    }
    const got = await request(server, { path: "/draft/nobody" });
    expect(JSON.parse(got.text).message).toBe("Formation 'nobody' not found");
  });

  it("a connection that breaks before the head is 502", async () => {
    const server = await startProxied(agent);
    for (const method of ["GET", "POST"]) {
      const got = await request(server, { path: "/draft/hello/reset", method });
      expect(got.status).toBe(502);
      expect(JSON.parse(got.text)).toEqual({
        error: "Bad gateway",
        message: "Formation did not respond",
        code: 502,
      });
    }
  });

  it("one that breaks after the head breaks the client's, too", async () => {
    const server = await startProxied(agent);
    await expect(request(server, { path: "/draft/hello/half" })).rejects.toThrow();
  });

  it("a formation killed in mid-stream breaks the stream, and is 503 from then on", async () => {
    const server = await startProxied(agent);
    const { response } = await open(server, "/draft/hello/stream");
    const ended = new Promise<string>((resolve) => {
      response.on("error", () => resolve("broken"));
      response.on("end", () => resolve("clean"));
    });
    await new Promise((resolve) => response.once("data", resolve));
    process.kill(server.pid, "SIGKILL");
    expect(await ended).toBe("broken");
    const got = await until("the formation is known to have crashed", async () => {
      const answer = await request(server, { path: "/draft/hello/echo" });
      expect([502, 503]).toContain(answer.status);
      return answer.status === 503 ? answer : undefined;
    });
    expect(JSON.parse(got.text)).toEqual({
      error: "Formation unavailable",
      message: "Formation 'hello' is not running (status: crashed)",
      code: 503,
      formation_status: "crashed",
    });
  });

  it("a kept-alive connection that the formation dropped is tried again, once and only when that is safe", async () => {
    const server = await startProxied(agent);
    const path = "/draft/hello/once-per-connection";
    expect((await request(server, { path })).text).toBe("first");
    expect((await request(server, { path })).text).toBe("first");
    expect((await request(server, { path, method: "PUT" }, "x")).text).toBe("first");
    expect((await request(server, { path, method: "POST" }, "x")).status).toBe(502);
  });
});

describe("what is not plain", () => {
  it("upgrades are 501, but an offer of HTTP/2 is none", async () => {
    const server = await startProxied();
    const upgrade = (protocol: string): Promise<string> =>
      rawExchange(
        server.port,
        `GET /draft/hello/cookies HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, close\r\nUpgrade: ${protocol}\r\n\r\n`,
      );
    expect(await upgrade("websocket")).toMatch(/^HTTP\/1\.1 501 Not Implemented\r\n/);
    expect(await upgrade("h2c")).toMatch(/^HTTP\/1\.1 201 /);
  });

  it("requests that are not HTTP are 400", async () => {
    const server = await startProxied();
    expect(await rawExchange(server.port, "nonsense\r\n\r\n")).toMatch(/^HTTP\/1\.1 400 /);
  });
});
