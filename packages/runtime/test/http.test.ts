import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { errorEnvelopeSchema, openApi, routes } from "@muxi/protocol";
import { describe, expect, onTestFinished, test } from "vitest";
import { startFormation, writeFormation } from "./harness.ts";
import { createSchema, onPostgres } from "./postgres.ts";

const start = async () => startFormation(await writeFormation());

/** What comes back for bytes that no HTTP client would send. */
const exchange = (url: string, sent: string) =>
  new Promise<{ head: string; body: unknown }>((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname, () => socket.write(sent));
    let received = "";
    socket.on("data", (bytes) => {
      received += bytes;
    });
    socket.on("error", reject);
    socket.on("close", () => {
      const [head = "", body = ""] = received.split("\r\n\r\n");
      resolve({ head, body: JSON.parse(body) });
    });
  });

/** A wire to a Postgres that can be cut. */
const startWire = async (address: string) => {
  const there = new URL(address);
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(Number(there.port || 5432), there.hostname);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on("error", () => to.destroy());
      from.pipe(to);
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const cut = () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  onTestFinished(cut);
  const url = new URL(address);
  url.hostname = "127.0.0.1";
  url.port = String((server.address() as AddressInfo).port);
  return { url: url.href, cut };
};

const get = (lines: string) => `GET /v1/health HTTP/1.1\r\nconnection: close\r\n${lines}\r\n`;

describe("methods", () => {
  test("HEAD is GET without its body, and a stream has none to leave out", async () => {
    const api = await start();
    for (const [path, row] of [
      ["/health", routes.getHealth],
      ["/agents", routes.getAgents],
    ] as const) {
      const options = { key: row.key === "none" ? "none" : "admin" } as const;
      const whole = await api.request("GET", path, options);
      const head = await api.request("HEAD", path, options);
      expect([head.status, head.headers.get("content-length")]).toEqual([
        200,
        whole.headers.get("content-length"),
      ]);
      expect([await head.text(), await whole.text()]).toEqual(["", expect.stringContaining(row.object)]);
    }
    expect((await api.request("HEAD", "/agents", { key: "none" })).status).toBe(401);
    const stream = await api.request("HEAD", "/events", { user: "ann" });
    expect([stream.status, stream.headers.get("allow")]).toEqual([405, "GET"]);
  });

  test("OPTIONS says what is possible, without a key", async () => {
    const api = await start();
    for (const [path, allowed] of [
      ["/chat", "POST"],
      ["/secrets", "GET, HEAD, POST"],
      ["/requests/req_1", "GET, HEAD, DELETE"],
    ] as const) {
      const { status, headers } = await api.request("OPTIONS", path, { key: "none" });
      expect([path, status, headers.get("allow")]).toEqual([path, 204, allowed]);
    }
    expect((await api.call("OPTIONS", "/nothing")).body.error.code).toBe("RESOURCE_NOT_FOUND");
  });

  test("another method is told which are possible", async () => {
    const api = await start();
    const { status, headers, body } = await api.call("PATCH", "/secrets", { key: "admin" });
    expect([status, headers.get("allow")]).toEqual([405, "GET, HEAD, POST"]);
    expect(body.error.message).toBe("/v1/secrets does not support PATCH: use GET or HEAD or POST");
  });
});

describe("requests that are none get the envelope too", () => {
  const cases: [string, string, number, string][] = [
    ["headers over 16 KB", get(`x-big: ${"a".repeat(20_000)}\r\n`), 431, "HEADERS_TOO_LARGE"],
    ["an address over 16 KB", `GET /v1/${"a".repeat(20_000)} HTTP/1.1\r\n\r\n`, 431, "HEADERS_TOO_LARGE"],
    ["no HTTP", "HELLO\r\n\r\n", 400, "INVALID_REQUEST"],
    ["a method that there is not", "FLY /v1/health HTTP/1.1\r\n\r\n", 400, "INVALID_REQUEST"],
    ["a NUL in a header", get("x-muxi-user-id: a\0b\r\n"), 400, "INVALID_REQUEST"],
    ["two lengths", get("content-length: 1\r\ncontent-length: 2\r\n"), 400, "INVALID_REQUEST"],
    [
      "a broken chunk",
      "POST /v1/chat HTTP/1.1\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
      400,
      "INVALID_REQUEST",
    ],
  ];
  test.each(cases)("%s", async (_, sent, status, code) => {
    const api = await start();
    const { head, body } = await exchange(api.url, sent);
    expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(errorEnvelopeSchema().parse(body).error.code).toBe(code);
    expect((await api.get("/health")).status).toBe(200);
  });

  test("what other servers refuse is answered: no Host, another expectation", async () => {
    const api = await start();
    for (const lines of ["", "host: x\r\nexpect: a miracle\r\n"]) {
      const { head, body } = await exchange(api.url, get(lines));
      expect([head.split("\r\n")[0], body]).toEqual([
        "HTTP/1.1 200 OK",
        expect.objectContaining({ object: "status" }),
      ]);
    }
  });

  test("an answer that has begun is not written into", async () => {
    const api = await start();
    const text = await new Promise<string>((resolve) => {
      const { hostname, port } = new URL(api.url);
      const socket = connect(Number(port), hostname);
      let received = "";
      const stream = "GET /v1/events HTTP/1.1\r\nx-muxi-client-key: fmc_test\r\nx-muxi-user-id: ann\r\n\r\n";
      socket.write(stream);
      socket.on("data", (bytes) => {
        if (received === "") socket.write("GARBAGE\r\n\r\n");
        received += bytes;
      });
      socket.on("close", () => resolve(received));
    });
    expect(text).toContain(": following");
    expect(text).not.toContain("INVALID_REQUEST");
  });
});

describe("headers", () => {
  test("a user who is named twice is nobody", async () => {
    const api = await start();
    const lines = ["ann", "bob"].map((user) => `x-muxi-user-id: ${user}\r\n`).join("");
    const { body } = await exchange(
      api.url,
      `GET /v1/sessions HTTP/1.1\r\nconnection: close\r\nx-muxi-client-key: fmc_test\r\n${lines}\r\n`,
    );
    expect(errorEnvelopeSchema().parse(body).error).toMatchObject({
      code: "INVALID_REQUEST",
      message: "The header X-Muxi-User-ID came more than once: send it once",
    });
    expect((await api.get("/sessions", { user: "ann, bob" })).status).toBe(200);
  });

  test("a refusal says by what scheme keys are sent", async () => {
    const api = await start();
    const { status, headers } = await api.get("/agents", { key: "none" });
    expect([status, headers.get("www-authenticate")]).toEqual([401, 'MuxiKey realm="orchard"']);
  });
});

describe("pages", () => {
  test("every call is on the page of the API, and every answer in the OpenAPI document", async () => {
    const api = await start();
    const response = await fetch(`${api.url}/docs`);
    expect(response.headers.get("content-type")).toBe("text/html; charset=utf-8");
    const page = await response.text();
    for (const { method, path } of Object.values(routes)) expect(page).toContain(`${method} /v1${path}<`);
    const document = await (await fetch(`${api.url}/openapi.json`)).json();
    expect(document.paths).toEqual(JSON.parse(JSON.stringify(openApi({ version: "" }).paths)));
  });

  test("a formation that answers is up", async () => {
    const api = await start();
    for (const path of ["", "/v1"]) {
      const response = await fetch(`${api.url}${path}`);
      expect([response.status, await response.text()]).toEqual([200, expect.stringContaining("orchard: Up")]);
    }
  });

  test.runIf(onPostgres)("a formation whose database is gone is down", async () => {
    const database = await startWire(await createSchema());
    const api = await startFormation(await writeFormation(), { database: database.url });
    expect((await api.get("/health", { key: "none" })).status).toBe(200);
    database.cut();

    const { status, headers, body } = await api.get("/health", { key: "none" });
    expect([status, headers.get("retry-after"), body.success]).toEqual([503, "5", false]);
    expect(errorEnvelopeSchema().parse(body).error).toMatchObject({
      code: "SERVICE_UNAVAILABLE",
      data: { status: "unhealthy", formation_id: "orchard" },
    });
    const page = await fetch(api.url);
    expect([page.status, await page.text()]).toEqual([503, expect.stringContaining("orchard: Down")]);
  });
});
