import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, request as httpRequest } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, onTestFinished, test, vi } from "vitest";
import { writeCertificate } from "../../../test/certificate.ts";
import { FormationClient } from "../src/index.ts";
import { createNodeTransport, type NodeTransportOptions } from "../src/node.ts";
import { answer, openStream, sendData, sendError, serve } from "./server.ts";

/** A client with a transport of its own, closed with the test. */
const clientOf = (url: string, options: NodeTransportOptions = {}) => {
  const fetch = createNodeTransport({ proxy: false, ...options });
  onTestFinished(() => fetch.close());
  return new FormationClient({ url, clientKey: "ck", adminKey: "ak", fetch });
};

test("calls share one kept connection, and answers are what fetch gives", async () => {
  const server = await serve(({ method, body }, response, message) => {
    if (method === "POST") sendData(response, { echo: body, port: message.socket.remotePort });
    else sendError(response, 404, "AGENT_NOT_FOUND", { "retry-after": "7" });
  });
  const formation = clientOf(server.url, { connections: 1 });
  const fired = await formation.fireTrigger({ name: "grüße", data: { text: "héllo ✓" } });
  expect(fired).toMatchObject({ request_id: "req_server" });
  expect(JSON.parse(server.received[0]?.body ?? "")).toMatchObject({ data: { text: "héllo ✓" } });
  await expect(formation.getAgent({ agentId: "a" })).rejects.toMatchObject({
    name: "NotFoundError",
    code: "AGENT_NOT_FOUND",
    retryAfter: 7,
  });
  expect(server.openSockets()).toBe(1);
});

test("a chat streams, and leaving it closes its connection", async () => {
  const server = await serve(({ method, body }, response) => {
    if (method === "DELETE") return sendData(response, { status: "cancelled" });
    openStream(response, { "x-muxi-request-id": "req_1" });
    const frames = answer("Hel", "lo");
    if (body.includes("whole")) response.end(frames.join(""));
    else response.write(frames.slice(0, 2).join(""));
  });
  const formation = clientOf(server.url, { connections: 1 });
  expect(await formation.chatStream({ message: "whole" }).text()).toBe("Hello");
  for await (const event of formation.chatStream({ message: "part" })) if (event.type === "text") break;
  // The one connection that there may be was free for the stop.
  expect(server.received.map(({ method }) => method)).toEqual(["POST", "POST", "DELETE"]);
  expect(server.openSockets()).toBe(1);
});

test("a silent server, and a call that waits for a connection, end with the deadline", async () => {
  const server = await serve(() => {});
  const formation = clientOf(server.url, { connections: 1 });
  const calls = [1, 2].map(() => formation.getTriggers({ timeout: 100 }));
  const outcomes = await Promise.allSettled(calls);
  expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  expect(outcomes).toMatchObject([
    { reason: { name: "TimeoutError" } },
    { reason: { name: "TimeoutError" } },
  ]);
  expect(server.received).toHaveLength(1);
});

test("a body that is read slowly comes whole", async () => {
  const piece = Buffer.alloc(1024 * 1024, "x");
  const server = await serve((_, response) => {
    for (let count = 0; count < 8; count++) response.write(piece);
    response.end();
  });
  const response = await clientOf(server.url).request({ path: "/artifacts/1/content", key: "client" });
  const copy = response.clone();
  let length = 0;
  for await (const bytes of response.body ?? []) {
    length += bytes.length;
    await new Promise(setImmediate);
  }
  expect(length).toBe(8 * piece.length);
  expect((await copy.arrayBuffer()).byteLength).toBe(length);
  expect(copy.bodyUsed).toBe(true);
});

test("the reader of a body behaves as the standard's", async () => {
  const server = await serve(({ url }, response) => {
    response.write("one");
    if (!url.includes("open")) response.end();
  });
  const formation = clientOf(server.url);
  const whole = await formation.request({ path: "/artifacts/1/content", key: "client" });
  const reader = whole.body?.getReader();
  expect(whole.body?.locked).toBe(true);
  expect(whole.bodyUsed).toBe(true);
  expect(new TextDecoder().decode((await reader?.read())?.value)).toBe("one");
  expect(await reader?.read()).toEqual({ done: true, value: undefined });
  expect(await reader?.read()).toEqual({ done: true, value: undefined });
  await reader?.closed;

  const left = await formation.request({ path: "/artifacts/open/content", key: "client" });
  const leaver = left.body?.getReader();
  await leaver?.read();
  await leaver?.cancel();
  expect(await leaver?.read()).toEqual({ done: true, value: undefined });
  expect(() => left.body?.getReader({ mode: "byob" })).toThrow(TypeError);
});

test("a body that breaks off is a connection error", async () => {
  const server = await serve((_, response) => {
    response.writeHead(200, { "content-length": 100 });
    response.write("{", () => response.socket?.resetAndDestroy());
  });
  await expect(clientOf(server.url).getTriggers()).rejects.toMatchObject({ name: "ConnectionError" });
});

test("a kept connection that turns out dead costs no failure, where the call may be repeated", async () => {
  const answered = new Set<unknown>();
  const server = await serve((_, response, { socket }) => {
    if (answered.has(socket)) return void socket.resetAndDestroy();
    answered.add(socket);
    sendData(response, { triggers: [] });
  });
  const formation = clientOf(server.url, { connections: 1 });
  await formation.getTriggers();
  await formation.getTriggers();
  expect(server.received).toHaveLength(3);
  // This one has a key that the server does not keep.
  const restore = formation.restoreSession({ sessionId: "s", userId: "u", messages: [] });
  await expect(restore).rejects.toMatchObject({ name: "ConnectionError" });
  expect(server.received).toHaveLength(4);
});

test("a new connection that is reset is not tried again", async () => {
  const server = await serve((_, __, { socket }) => void socket.resetAndDestroy());
  await expect(clientOf(server.url).getTriggers()).rejects.toMatchObject({ name: "ConnectionError" });
  expect(server.received).toHaveLength(1);
});

/** A forward proxy. */
const startProxy = async () => {
  const seen: string[] = [];
  const proxy = createServer((incoming, outgoing) => {
    seen.push(`${incoming.method} ${incoming.url}`);
    const { method, headers } = incoming;
    incoming.pipe(
      httpRequest(incoming.url ?? "", { method, headers }, (response) => {
        outgoing.writeHead(response.statusCode ?? 0, response.headers);
        response.pipe(outgoing);
      }),
    );
  });
  proxy.on("connect", ({ url = "" }, socket, head) => {
    seen.push(`CONNECT ${url}`);
    const target = connect(Number(url.split(":").at(-1)), "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 Connection Established\r\n\r\n");
      target.write(head);
      target.pipe(socket).pipe(target);
    });
    for (const end of [socket, target]) end.on("error", () => target.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    proxy.closeAllConnections();
    proxy.close();
  });
  return { seen, url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` };
};

test("goes through the proxy of the environment, but not to hosts that NO_PROXY names", async () => {
  const proxy = await startProxy();
  const server = await serve((_, response) => sendData(response, { triggers: [] }));
  vi.stubEnv("HTTP_PROXY", proxy.url);
  vi.stubEnv("http_proxy", undefined);
  vi.stubEnv("NO_PROXY", undefined);
  vi.stubEnv("no_proxy", undefined);
  onTestFinished(() => void vi.unstubAllEnvs());
  await clientOf(server.url, { proxy: undefined }).getTriggers();
  expect(proxy.seen).toEqual([`GET ${server.url}/v1/triggers`]);
  vi.stubEnv("NO_PROXY", "example.org, 127.0.0.1");
  await clientOf(server.url, { proxy: undefined }).getTriggers();
  expect(proxy.seen).toHaveLength(1);
  expect(server.received).toHaveLength(2);
});

test("a formation behind TLS is reached through a tunnel of the proxy", async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "muxi-tls-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const run = promisify(execFile);
  await writeCertificate(folder, "localhost", "IP:127.0.0.1");
  const [key, cert] = await Promise.all(
    ["key.pem", "cert.pem"].map((name) => readFile(path.join(folder, name))),
  );
  const server = createSecureServer({ key, cert }, (_, response) => sendData(response, { triggers: ["t"] }));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const proxy = await startProxy();
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;

  // A process of its own: which certificates are trusted is settled when it starts.
  const program = `
    import { FormationClient } from "muxi-client";
    import { createNodeTransport } from "muxi-client/node";
    const formation = new FormationClient({ url: "https://${address}", clientKey: "ck", fetch: createNodeTransport() });
    console.log((await formation.getTriggers()).triggers.join());`;
  const { stdout } = await run(
    process.execPath,
    ["--conditions=muxi-source", "--input-type=module", "--no-warnings", "--eval", program],
    {
      cwd: fileURLToPath(new URL("..", import.meta.url)),
      env: { HTTPS_PROXY: proxy.url, NODE_EXTRA_CA_CERTS: path.join(folder, "cert.pem") },
    },
  );
  expect(stdout.trim()).toBe("t");
  expect(proxy.seen).toEqual([`CONNECT ${address}`]);
});

test.each<[NodeTransportOptions, string]>([
  [{ connections: 0 }, "connections"],
  [{ keepAlive: -1 }, "keepAlive"],
  [{ proxy: { http: "proxy:80" } }, "proxy"],
])("an option that cannot be used is refused: %j", (options, option) => {
  expect(() => createNodeTransport(options)).toThrow(
    expect.objectContaining({ name: "ConfigurationError", option }),
  );
});
