import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { Agent, request as httpsRequest } from "node:https";
import { connect } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, it, onTestFinished } from "vitest";
import { writeCertificate } from "../../../test/certificate.ts";
import { untilExpected } from "../../../test/until.ts";
import { sign } from "../src/auth/index.ts";
import { loadConfig } from "../src/config/index.ts";
import { initConfig } from "../src/init/index.ts";
import { call, expectStatus } from "./bundles.ts";
import { createFormation, startTestServer, type TestServer, temporaryFolder } from "./helpers.ts";

const credentials = { key: "muxi_pk_test", secret: "muxi_sk_test", toleranceSeconds: 300 };
const startedAt = Date.now();

const signed = (method: string, path: string, now = startedAt): Record<string, string> => {
  const timestamp = String(Math.floor(now / 1000));
  const signature = sign(credentials.secret, timestamp, method, path);
  return {
    authorization: `MUXI-HMAC key=${credentials.key}, timestamp=${timestamp}, signature=${signature}`,
  };
};

const status = ({ url }: TestServer, headers: Record<string, string>): Promise<Response> =>
  fetch(`${url}/rpc/server/status`, { headers });

it("makes an address that fails too often wait, with Retry-After, and takes it back afterwards", async () => {
  let now = startedAt;
  const server = await startTestServer({ config: { credentials, maxAuthFailures: 3 }, now: () => now });
  const good = () => signed("GET", "/rpc/server/status", now);
  for (let attempt = 0; attempt < 3; attempt++) {
    expect((await status(server, { authorization: "MUXI-HMAC guess" })).status).toBe(401);
    expect(attempt === 2 || (await status(server, good())).ok).toBe(true);
  }
  const refused = await status(server, good());
  expect(refused.status).toBe(429);
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
  expect(await refused.json()).toMatchObject({ error: "Too Many Requests", code: 429 });
  expect((await fetch(`${server.url}/health`)).status).toBe(200);

  now += 60_000;
  expect((await status(server, good())).status).toBe(200);
});

it("accepts a signature within the window only", async () => {
  const server = await startTestServer({ config: { credentials }, now: () => startedAt });
  const at = (seconds: number) => signed("GET", "/rpc/server/status", startedAt + seconds * 1000);
  expect((await status(server, at(-300))).status).toBe(200);
  expect((await status(server, at(300))).status).toBe(200);
  expect((await status(server, at(-301))).status).toBe(401);
  expect((await status(server, at(302))).status).toBe(401);
});

it("gives every answer a request id: the client's, or a new one", async () => {
  const server = await startTestServer();
  for (const path of ["/health", "/rpc/server/status", "/nowhere", "/api/nobody/v1/health"]) {
    const own = await fetch(server.url + path, { headers: { "x-muxi-request-id": "req_mine" } });
    expect(own.headers.get("x-muxi-request-id")).toBe("req_mine");
    expect((await fetch(server.url + path)).headers.get("x-muxi-request-id")).toMatch(/^req_\w{21}$/);
  }
});

it("refuses a header that is too long, and JSON that is too large", async () => {
  const server = await startTestServer();
  expect((await status(server, { "x-long": "x".repeat(20_000) })).status).toBe(431);
  const response = await fetch(`${server.url}/rpc/dev/run`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ path: "x".repeat(2_000_000) }),
  });
  expect(response.status).toBe(413);
});

it.each([
  ["headers that do not end", "GET /ping HTTP/1.1\r\nHost: x\r\n", /^HTTP\/1\.1 408 /],
  ["a connection on which nothing comes", "", /^(HTTP\/1\.1 408 |$)/],
  [
    "a body that falls silent",
    "POST /rpc/formations HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/gzip\r\nX-Formation-ID: my-bot\r\nContent-Length: 1000\r\n\r\nhalf",
    /^$/,
  ],
])("ends %s", async (_name, sent, answer) => {
  const server = await startTestServer({ timeouts: { headersMs: 600, idleMs: 600, requestMs: 60_000 } });
  const socket = connect(server.port, "127.0.0.1");
  socket.write(sent);
  expect(await text(socket).catch(() => "")).toMatch(answer);
  // Nothing of it is left behind, and the id is free for the next operation.
  await untilExpected("the upload is removed", async () =>
    expect(await readdir(join(server.data, "tmp"))).toEqual([]),
  );
  const next = await call(server.url, "POST", "/rpc/formations", undefined, {
    "content-type": "application/gzip",
    "x-formation-id": "my-bot",
  });
  expect(expectStatus(next, 400).body.message).toContain("The bundle is empty");
});

it("answers over TLS with its certificate, and not over plain HTTP", async () => {
  const folder = await temporaryFolder();
  await writeCertificate(folder, "localhost", "DNS:localhost,IP:127.0.0.1");
  await writeFile(join(folder, "config.yaml"), "server:\n  tls: { cert: cert.pem, key: key.pem }\n");
  const directories = { config: folder, data: folder, logs: folder };
  const { tls } = await loadConfig({ directories, env: {}, overrides: {} });
  const server = await startTestServer({ config: { tls } });
  expect(server.url).toBe(`https://127.0.0.1:${server.port}`);

  const ca = await readFile(join(folder, "cert.pem"));
  const agent = new Agent({ keepAlive: true, ca });
  onTestFinished(() => agent.destroy());
  const ask = (path: string, body?: unknown): Promise<string> =>
    new Promise((resolve, reject) => {
      const options = {
        agent,
        method: body === undefined ? "GET" : "POST",
        headers: { "content-type": "application/json" },
      };
      httpsRequest(`${server.url}${path}`, options, (response) => text(response).then(resolve, reject))
        .once("error", reject)
        .end(body === undefined ? undefined : JSON.stringify(body));
    });
  expect(await ask("/ping")).toBe("pong");
  await ask("/rpc/dev/run", { path: await createFormation("hello") });
  agent.destroy(); // The next ones come on a connection of their own, where they are plain.
  const echo = JSON.parse(await ask("/draft/hello/echo"));
  expect(echo.headers["x-forwarded-proto"]).toBe("https");
  expect(await ask("/draft/hello/open")).toBe("0");
  const socket = connect(server.port, "127.0.0.1");
  socket.end("GET /ping HTTP/1.1\r\nHost: x\r\n\r\n");
  expect(await text(socket).catch(() => "")).not.toContain("pong");
});

it.each([
  [
    "a file that is missing",
    "cert: nowhere.pem, key: nowhere.pem",
    /server\.tls\.cert cannot be read.*nowhere/,
  ],
  ["a file that is no certificate", "cert: config.yaml, key: config.yaml", /server\.tls\.cert.*PEM/],
])("names %s", async (_, tls, message) => {
  const folder = await temporaryFolder();
  await writeFile(join(folder, "config.yaml"), `server:\n  tls: { ${tls} }\n`);
  const directories = { config: folder, data: folder, logs: folder };
  await expect(loadConfig({ directories, env: {}, overrides: {} })).rejects.toThrow(message);
});

it("init writes a config with credentials, for its owner alone, and never over another", async () => {
  const folder = join(await temporaryFolder(), "config");
  const directories = { config: folder, data: folder, logs: folder };
  const options = { directories, port: 7901, host: "0.0.0.0", replace: false };
  const made = await initConfig(options);
  expect(made.keyId).toMatch(/^muxi_pk_[0-9a-f]{24}$/);
  expect(made.secretKey).toMatch(/^muxi_sk_[0-9a-f]{56}$/);
  expect((await stat(made.configPath)).mode & 0o777).toBe(0o600);
  const config = await loadConfig({ directories, env: {}, overrides: {} });
  expect(config).toMatchObject({
    host: "0.0.0.0",
    port: 7901,
    credentials: { key: made.keyId, secret: made.secretKey },
  });

  await expect(initConfig(options)).rejects.toThrow("already exists");
  expect((await loadConfig({ directories, env: {}, overrides: {} })).credentials?.key).toBe(made.keyId);
  const replaced = await initConfig({ ...options, replace: true });
  expect((await loadConfig({ directories, env: {}, overrides: {} })).credentials?.key).toBe(replaced.keyId);
});
