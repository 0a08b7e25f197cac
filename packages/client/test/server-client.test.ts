import { execFile } from "node:child_process";
import { createHash, createHmac } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { expect, onTestFinished, test, vi } from "vitest";
import { ServerClient, version } from "../src/index.ts";
import { type Handler, openStream, serve } from "./server.ts";

const keyId = "muxi_pk_test";
const secretKey = "muxi_sk_secret";

/** A server that checks signatures as docs/spec/server-api.md "Order of verification" says. */
const serveSigned = async (handler: Handler) => {
  const server = await serve((request, response, message) => {
    const path = decodeURIComponent(new URL(request.url, "http://x").pathname);
    if (!path.startsWith("/rpc/")) return handler(request, response, message);
    const { authorization = "" } = request.headers;
    const fields = /^MUXI-HMAC key=(.+), timestamp=(\d+), signature=(.+)$/.exec(authorization);
    const expected = createHmac("sha256", secretKey)
      .update(`${fields?.[2]};${request.method};${path}`)
      .digest("base64");
    if (fields?.[1] === keyId && fields[3] === expected) return handler(request, response, message);
    response.writeHead(401, { "content-type": "application/json" });
    response.end('{"error":"Unauthorized","message":"Invalid signature","code":401}');
  });
  return { server, client: new ServerClient({ url: server.url, keyId: ` ${keyId} `, secretKey }) };
};

const reply: Handler = (_, response) => {
  response.writeHead(200, { "content-type": "application/json" });
  response.end('{"success":true,"data":{"formation_id":"my-bot"}}');
};

const formationId = "my-bot";

test.each<[name: string, run: (client: ServerClient) => Promise<unknown>, request: string, body?: string]>([
  ["status", (s) => s.status(), "GET /rpc/server/status"],
  ["getServerLogs", (s) => s.getServerLogs({ lines: 5 }), "GET /rpc/server/logs?lines=5"],
  ["listFormations", (s) => s.listFormations(), "GET /rpc/formations"],
  ["getFormation", (s) => s.getFormation({ formationId }), "GET /rpc/formations/my-bot"],
  ["stopFormation", (s) => s.stopFormation({ formationId }), "POST /rpc/formations/my-bot/stop"],
  ["startFormation", (s) => s.startFormation({ formationId }), "POST /rpc/formations/my-bot/start"],
  ["restartFormation", (s) => s.restartFormation({ formationId }), "POST /rpc/formations/my-bot/restart"],
  ["rollbackFormation", (s) => s.rollbackFormation({ formationId }), "POST /rpc/formations/my-bot/rollback"],
  ["cancelUpdate", (s) => s.cancelUpdate({ formationId }), "POST /rpc/formations/my-bot/cancel-update"],
  ["deleteFormation", (s) => s.deleteFormation({ formationId }), "DELETE /rpc/formations/my-bot"],
  [
    "getFormationLogs",
    (s) => s.getFormationLogs({ formationId, lines: 50, stream: "all" }),
    "GET /rpc/formations/my-bot/logs?lines=50&stream=all",
  ],
  ["devRun", (s) => s.devRun({ path: "/home/me/bot" }), "POST /rpc/dev/run", '{"path":"/home/me/bot"}'],
  [
    "devRun",
    (s) => s.devRun({ path: "/bot", environment: { REGION: "eu" } }),
    "POST /rpc/dev/run",
    '{"path":"/bot","environment":{"REGION":"eu"}}',
  ],
  [
    "devRun",
    (s) => s.devRun({ path: "/home/me/bot", check: "all" }),
    "POST /rpc/dev/run",
    '{"path":"/home/me/bot","check":"all"}',
  ],
  ["devStop", (s) => s.devStop({ formationId }), "POST /rpc/dev/stop", '{"formation_id":"my-bot"}'],
])("%s", async (_, run, request, body = "") => {
  const { server, client } = await serveSigned(reply);
  await run(client);
  const [sent] = server.received;
  expect(`${sent?.method} ${sent?.url}`).toBe(request);
  expect(sent?.body).toBe(body);
});

test("health and ping need no key", async () => {
  const server = await serve(({ url }, response) => {
    response.end(url === "/ping" ? "pong" : '{"success":true,"status":"ok","version":"1.0.0"}');
  });
  const client = new ServerClient({ url: server.url });
  expect(await client.ping()).toBe("pong");
  expect(await client.health()).toMatchObject({ status: "ok", version: "1.0.0" });
  expect(server.received.every(({ headers }) => headers.authorization === undefined)).toBe(true);
});

test("without a key the calls are not signed; half a key is refused", async () => {
  const server = await serve((_, response) => void response.end('{"success":true,"data":{}}'));
  await new ServerClient({ url: server.url }).status();
  expect(server.received[0]?.headers.authorization).toBeUndefined();
  const half = (option: string) => expect.objectContaining({ name: "ConfigurationError", option });
  expect(() => new ServerClient({ url: server.url, keyId })).toThrow(half("secretKey"));
  expect(() => new ServerClient({ url: server.url, secretKey })).toThrow(half("keyId"));
});

test("an error is named by the server's text", async () => {
  const { server } = await serveSigned(reply);
  const wrong = new ServerClient({ url: server.url, keyId, secretKey: "another" });
  await expect(wrong.status()).rejects.toMatchObject({
    name: "AuthenticationError",
    code: "Unauthorized",
    message: "Invalid signature",
  });
});

test("every attempt is signed again", async () => {
  const { server, client } = await serveSigned((request, response, message) => {
    if (server.received.length < 2) return void response.writeHead(503, { "retry-after": "0" }).end();
    return reply(request, response, message);
  });
  await client.status({ maxRetries: 1 });
  expect(server.received).toHaveLength(2);
});

/** A folder with a formation, removed after the test. */
const folderOf = async (config: string, name = "formation.yaml") => {
  const folder = await mkdtemp(join(tmpdir(), "muxi-client-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  await mkdir(join(folder, "my-bot/agents"), { recursive: true });
  await writeFile(join(folder, "my-bot/agents/a.yaml"), `id: not-this-one\n${"x".repeat(5_000)}`);
  await writeFile(join(folder, "my-bot", name), config);
  return folder;
};

const config = `schema: "1.0.0"\n# the id\nid: "my-bot" # it is\nversion: 2.1.0   # semantic\ndescription: A bot\n`;

test.each([
  ["ustar", "my-bot"],
  ["pax", "./my-bot"],
])("deploys a file, its id and version taken from it (%s, %s)", async (format, root) => {
  const folder = await folderOf(config);
  const bundlePath = join(folder, "bundle.tar.gz");
  await promisify(execFile)("tar", [`--format=${format}`, "-czf", bundlePath, "-C", folder, root]);
  const { server, client } = await serveSigned(async (request, response, message) => {
    await reply(request, response, message);
  });
  expect((await client.deployFormation({ bundlePath })).formation_id).toBe("my-bot");
  expect(server.received[0]).toMatchObject({
    method: "POST",
    url: "/rpc/formations",
    headers: {
      "content-type": "application/gzip",
      "x-formation-id": "my-bot",
      "x-formation-version": "2.1.0",
    },
  });
  const bytes = await readFile(bundlePath);
  expect(server.received[0]?.bytes).toEqual(bytes);
  const digest = createHash("sha256").update(bytes).digest("hex");
  expect(server.received[0]?.headers["x-muxi-content-sha256"]).toBe(digest);
});

test("updates from bytes, with an id and a version of the caller's", async () => {
  const folder = await folderOf("id: my-bot\n", "formation.afs");
  const path = join(folder, "bundle.tar.gz");
  await promisify(execFile)("tar", ["-czf", path, "-C", folder, "my-bot"]);
  const { server, client } = await serveSigned(reply);
  const bundle = await readFile(path);
  await client.updateFormation({ bundle });
  await client.updateFormation({
    bundle: new Blob([bundle]),
    formationId: "other",
    version: "3.0.0",
    check: "all",
  });
  expect(server.received).toMatchObject([
    { method: "PUT", url: "/rpc/formations/my-bot", headers: { "x-formation-version": "1.0.0" } },
    {
      ...{ method: "PUT", url: "/rpc/formations/other" },
      headers: { "x-formation-version": "3.0.0", "x-muxi-check": "all" },
    },
  ]);
  expect(server.received[0]?.headers).not.toHaveProperty("x-muxi-check");
  expect(server.received[1]?.bytes).toEqual(bundle);
  const digest = createHash("sha256").update(bundle).digest("hex");
  expect(server.received[1]?.headers["x-muxi-content-sha256"]).toBe(digest);
});

test.each<[what: string, bundle: Uint8Array, message: string]>([
  ["is no gzip", new TextEncoder().encode("hello"), "is not a tar.gz archive"],
  ["is empty", gzipSync(new Uint8Array(1024)), "holds no formation.afs"],
])("a bundle that %s is refused before anything is sent", async (_, bundle, message) => {
  const { server, client } = await serveSigned(reply);
  await expect(client.deployFormation({ bundle })).rejects.toThrow(message);
  expect(server.received).toEqual([]);
});

test("a bundle that is not there is refused with its path", async () => {
  const { client } = await serveSigned(reply);
  await expect(client.deployFormation({ bundlePath: "/nowhere/bot.tar.gz" })).rejects.toMatchObject({
    name: "ConfigurationError",
    option: "bundlePath",
    message: expect.stringContaining("/nowhere/bot.tar.gz"),
  });
});

test("an operation is followed step by step to its end", async () => {
  const { server, client } = await serveSigned((_, response) => {
    openStream(response);
    response.write('event: progress\ndata: {"stage":"spawning","message":"Starting"}\n\n');
    response.end('event: complete\ndata: {"formation_id":"my-bot","port":8000,"status":"running"}\n\n');
  });
  const seen: unknown[] = [];
  for await (const { event, data } of client.restartFormationStream({ formationId }))
    seen.push([event, data.status]);
  expect(seen).toEqual([
    ["progress", undefined],
    ["complete", "running"],
  ]);
  expect(server.received[0]?.headers.accept).toBe("text/event-stream");
});

test.each([
  ["NoChange", "ConflictError"],
  ["HealthCheckFailed", "MuxiError"],
  ["SpawnError", "ServerError"],
])("an operation that fails with %s throws a %s", async (type, name) => {
  const { client } = await serveSigned((_, response) => {
    openStream(response);
    response.end(`event: error\ndata: {"error":"${type}","message":"It failed","stage":"x"}\n\n`);
  });
  const stream = client.startFormationStream({ formationId });
  await expect(stream.next()).rejects.toMatchObject({ name, code: type, message: "It failed" });
});

test("an operation whose stream breaks off is not taken for done", async () => {
  const { client } = await serveSigned((_, response) => {
    openStream(response);
    response.end('event: progress\ndata: {"stage":"spawning","message":"Starting"}\n\n');
  });
  const stream = client.rollbackFormationStream({ formationId });
  await stream.next();
  await expect(stream.next()).rejects.toMatchObject({ name: "StreamTruncatedError" });
});

test("follows the output of a formation", async () => {
  const { server, client } = await serveSigned((_, response) => {
    openStream(response);
    response.write('event: connected\ndata: {"formation_id":"my-bot"}\n\n');
    response.write('event: log\ndata: {"line":"hello","formation_id":"my-bot"}\n\n');
  });
  for await (const { event, data } of client.streamFormationLogs({ formationId })) {
    if (event !== "log") continue;
    expect(data.line).toBe("hello");
    break;
  }
  expect(server.received[0]?.url).toBe("/rpc/formations/my-bot/logs?follow=true");
});

test("with MUXI_DEBUG, a newer version of the package is told once in 12 hours", async () => {
  const home = await mkdtemp(join(tmpdir(), "muxi-home-"));
  const log = vi.spyOn(console, "error").mockImplementation(() => {});
  vi.stubEnv("MUXI_DEBUG", "1");
  vi.stubEnv("HOME", home);
  onTestFinished(async () => {
    log.mockRestore();
    vi.unstubAllEnvs();
    await rm(home, { recursive: true });
  });
  const notices = () => log.mock.calls.flat().filter((line) => String(line).includes("is available"));
  let latest = "0.0.9";
  const server = await serve(
    (_, response) => void response.setHeader("X-MUXI-SDK-LATEST", latest).end("pong"),
  );
  await new ServerClient({ url: server.url }).ping();
  expect(notices()).toEqual([]);
  latest = "0.10.0";
  const client = new ServerClient({ url: server.url });
  await client.ping();
  await client.ping();
  await new ServerClient({ url: server.url }).ping();
  expect(notices()).toEqual([`[muxi] muxi-client 0.10.0 is available; this is ${version}`]);

  const file = join(home, ".muxi/sdk-versions.json");
  await writeFile(file, JSON.stringify({ python: 1, typescript: Date.now() - 13 * 60 * 60 * 1000 }));
  vi.stubEnv("MUXI_NO_UPDATE_CHECK", "1");
  await new ServerClient({ url: server.url }).ping();
  expect(notices()).toHaveLength(1);
  vi.stubEnv("MUXI_NO_UPDATE_CHECK", "");
  await new ServerClient({ url: server.url }).ping();
  expect(notices()).toHaveLength(2);
  expect(JSON.parse(await readFile(file, "utf8"))).toMatchObject({ python: 1 });
});

test.each<[call: string, run: (server: ServerClient) => unknown]>([
  ["deployFormation({ bundlePath })", (s) => Reflect.apply(s.deployFormation, s, ["my-bot.tar.gz"])],
  ["updateFormation({ bundlePath })", (s) => Reflect.apply(s.updateFormation, s, ["my-bot.tar.gz"])],
  ["stopFormation({ formationId })", (s) => Reflect.apply(s.stopFormation, s, ["my-bot"])],
  ["getFormation({ formationId })", (s) => Reflect.apply(s.getFormation, s, ["my-bot"])],
  ["backupFormation({ formationId })", (s) => Reflect.apply(s.backupFormation, s, ["my-bot"])],
  ["deleteFormation({ formationId })", (s) => Reflect.apply(s.deleteFormation, s, ["my-bot"])],
  ["getServerLogs({ lines })", (s) => Reflect.apply(s.getServerLogs, s, [100])],
  ["getFormationLogs({ formationId, lines, stream })", (s) => Reflect.apply(s.getFormationLogs, s, ["b"])],
  [
    "downloadFormation({ formationId, includeDb })",
    (s) => Reflect.apply(s.downloadFormation, s, [{ formationId: "my-bot" }, true]),
  ],
  ["devRun({ path, check, environment })", (s) => Reflect.apply(s.devRun, s, ["/my-bot"])],
  ["devStop({ formationId })", (s) => Reflect.apply(s.devStop, s, ["my-bot"])],
  [
    "restartFormationStream({ formationId })",
    async (s) => Reflect.apply(s.restartFormationStream, s, ["my-bot"]),
  ],
  [
    "deployFormationStream({ bundlePath })",
    async (s) => Reflect.apply(s.deployFormationStream, s, ["my-bot.tar.gz"]),
  ],
  [
    "streamFormationLogs({ formationId, stream })",
    async (s) => Reflect.apply(s.streamFormationLogs, s, ["my-bot"]),
  ],
])("arguments by position see the right call: %s", async (call, run) => {
  await expect(run(new ServerClient({ url: "http://127.0.0.1:9" }))).rejects.toMatchObject({
    name: "ConfigurationError",
    message: `arguments: call ${call}`,
  });
});
