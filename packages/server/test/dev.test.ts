import { createHmac } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import http from "node:http";
import { join } from "node:path";
import { devResultSchema, serverErrorSchema, serverHealthSchema, serverStatusSchema } from "@muxi/protocol";
import { describe, expect, it } from "vitest";
import { until } from "../../../test/until.ts";
import {
  createFormation,
  devRun,
  isAlive,
  post,
  startedPids,
  startTestServer,
  temporaryFolder,
} from "./helpers.ts";

const credentials = { key: "muxi_pk_test", secret: "muxi_sk_test", toleranceSeconds: 300 };

describe("public routes", () => {
  it("answer without authentication", async () => {
    const { url } = await startTestServer({ config: { credentials } });
    serverHealthSchema().parse(await (await fetch(`${url}/health`)).json());
    const ping = await fetch(`${url}/ping`);
    expect(await ping.text()).toBe("pong");
    expect(ping.headers.get("content-type")).toMatch(/^text\/plain/);
    const docs = await fetch(`${url}/docs`, { redirect: "manual" });
    expect(docs.status).toBe(302);
    expect(docs.headers.get("location")).toMatch(/^https:/);
  });

  it("refuse what they do not know", async () => {
    const { url } = await startTestServer({ config: { credentials } });
    for (const path of ["/", "/api", "/api/", "/draft", "/mcp", "/rpc/nothing", "/health/x"]) {
      const response = await fetch(url + path);
      expect(response.status, path).toBe(404);
      expect(await response.json()).toEqual({ error: "Not Found", message: "Endpoint not found", code: 404 });
    }
    const wrong = await fetch(`${url}/health`, { method: "DELETE", body: "x" });
    expect(wrong.status).toBe(405);
    expect(await wrong.text()).toBe("");
    expect(wrong.headers.get("allow")).toContain("GET");
  });

  it("let browsers of any origin in, with PATCH and our headers", async () => {
    const { url } = await startTestServer();
    const preflight = await fetch(`${url}/rpc/dev/run`, { method: "OPTIONS" });
    expect(preflight.status).toBe(200);
    expect(await preflight.text()).toBe("");
    expect(preflight.headers.get("access-control-allow-origin")).toBe("*");
    expect(preflight.headers.get("access-control-allow-methods")).toContain("PATCH");
    expect(preflight.headers.get("access-control-allow-headers")).toMatch(
      /X-Muxi-Client-Key.*X-Formation-ID/,
    );
    expect((await fetch(`${url}/health`)).headers.get("access-control-allow-origin")).toBe("*");
  });
});

describe("authentication", () => {
  const authorization = (method: string, path: string, at: number): string => {
    const timestamp = String(Math.floor(at / 1000));
    const signature = createHmac("sha256", credentials.secret)
      .update(`${timestamp};${method};${path}`)
      .digest("base64");
    return `MUXI-HMAC key=${credentials.key}, timestamp=${timestamp}, signature=${signature}`;
  };

  it("guards /rpc with the signature", async () => {
    const now = 1_705_484_123_000;
    const { url } = await startTestServer({ config: { credentials }, now: () => now });
    const path = "/rpc/server/status";
    const signed = await fetch(`${url}${path}?ignored=1`, {
      headers: { authorization: authorization("GET", path, now) },
    });
    expect(signed.status).toBe(200);
    const unsigned = await fetch(url + path);
    expect(unsigned.status).toBe(401);
    expect(await unsigned.json()).toEqual({
      error: "Unauthorized",
      message: "Missing authorization header",
      code: 401,
    });
    const run = await post(`${url}/rpc/dev/run`, "{broken", {
      authorization: authorization("GET", "/rpc/dev/run", now),
    });
    expect(run.body).toMatchObject({ code: 401, message: "Invalid signature" });
  });

  it("without credentials keeps web pages out", async () => {
    const { url, port } = await startTestServer();
    const foreign = await post(
      `${url}/rpc/dev/stop`,
      { formation_id: "x" },
      { origin: "https://evil.example" },
    );
    expect(foreign.status).toBe(403);
    expect(serverErrorSchema().parse(foreign.body).message).toMatch(/web pages/);
    const rebound = await new Promise<number | undefined>((resolve) => {
      http.get({ port, path: "/rpc/server/status", headers: { host: `evil.example:${port}` } }, (response) =>
        resolve(response.resume().statusCode),
      );
    });
    expect(rebound).toBe(403);
  });
});

describe("server status", () => {
  it("counts ports and tells the uptime", async () => {
    let now = 1_000_000;
    const server = await startTestServer({ now: () => now, config: { serverId: "server-test-1" } });
    now += 61_500;
    await devRun(server, await createFormation("hello"));
    const response = await fetch(`${server.url}/rpc/server/status`);
    const { success, data } = (await response.json()) as { success: boolean; data: unknown };
    expect(success).toBe(true);
    const status = serverStatusSchema().parse(data);
    expect(status.server).toMatchObject({ id: "server-test-1", uptime: 61 });
    expect(status.port_pool.allocated).toBe(1);
    expect(status.port_pool.total - status.port_pool.available).toBe(1);
    expect(status.formations.total).toBe(0);
  });
});

describe("dev run", () => {
  it("gives a draft the variables that its caller sends, if the formation reads them", async () => {
    const env = {
      PATH: process.env.PATH,
      OPENAI_API_KEY: "sk-of-the-server",
      GROQ_API_KEY: "gsk-of-the-server",
    };
    const server = await startTestServer({ env });
    const folder = await createFormation("hello");
    await writeFile(
      join(folder, "formation.afs"),
      'schema: "1.0.0"\nid: hello\ndescription: Greets in ${{ env.GREETING_LANGUAGE }}\n',
    );
    const run = (environment: object) => post(`${server.url}/rpc/dev/run`, { path: folder, environment });

    expect((await run({})).body.message).toContain("GREETING_LANGUAGE, which is not set");
    const given = { OPENAI_API_KEY: "sk-of-the-caller", GREETING_LANGUAGE: "Welsh" };
    for (const name of ["NODE_OPTIONS", "STRIPE_API_KEY"]) {
      const refused = await run({ ...given, [name]: "--version" });
      expect(refused.status).toBe(400);
      expect(refused.body.message).toMatch(new RegExp(`^Formation 'hello' does not read ${name}: send only`));
    }
    expect(await startedPids(folder)).toEqual([]);
    expect((await run(given)).status).toBe(200);
    const environment = await (await fetch(`${server.url}/draft/hello/env`)).json();
    expect(environment).toMatchObject({ ...given, GROQ_API_KEY: "gsk-of-the-server" });
  });

  it("starts a folder, gives it its environment, and stops it", async () => {
    const server = await startTestServer({ env: { PATH: process.env.PATH, MINE: "inherited" } });
    const folder = await createFormation("hello");
    const run = await devRun(server, folder);
    expect(run.status).toBe(200);
    const result = devResultSchema().parse(run.body);
    expect(result).toMatchObject({ formation_id: "hello", status: "running" });

    const environment = await (await fetch(`${server.url}/draft/hello/env`)).json();
    expect(environment).toMatchObject({
      PORT: String(result.port),
      HOST: "127.0.0.1",
      FORMATION_ID: "hello",
      MUXI_SERVER_URL: server.url,
      MUXI_ENV: "development",
      MINE: "inherited",
    });
    expect(await readFile(join(server.data, "logs", "hello-draft-out.log"), "utf8")).toBe("listening\n");

    const stop = await post(`${server.url}/rpc/dev/stop`, { formation_id: "hello" });
    expect(stop.body).toEqual({ success: true, formation_id: "hello", status: "stopped" });
    expect(isAlive(result.pid ?? 0)).toBe(false);
    expect((await fetch(`${server.url}/draft/hello/env`)).status).toBe(404);
    expect((await post(`${server.url}/rpc/dev/stop`, { formation_id: "hello" })).status).toBe(404);
    // The port is free again, and the lowest one.
    expect((await devRun(server, folder)).body.port).toBe(result.port);
  });

  it("takes no other program's answer for one of the formation, which has to say that it listens", async () => {
    const server = await startTestServer({ processes: { healthTimeoutMs: 600, healthIntervalMs: 50 } });
    const { status, body } = await devRun(server, await createFormation("quiet", { silent: true }));
    expect(status).toBe(500);
    expect(body.message).toMatch(/did not become healthy/);
  });

  it("runs one process when two ask at once", async () => {
    const server = await startTestServer();
    const folder = await createFormation("hello");
    const answers = await Promise.all([devRun(server, folder), devRun(server, folder)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    expect(await startedPids(folder)).toHaveLength(1);
    const again = await devRun(server, folder);
    expect(again.status).toBe(409);
    const port = answers.find(({ status }) => status === 200)?.body.port;
    expect(again.body.message).toBe(
      `Draft 'hello' is already running on port ${port}. Stop it with: muxi down hello`,
    );
  });

  it("names what is wrong with the request", async () => {
    const server = await startTestServer();
    const run = `${server.url}/rpc/dev/run`;
    expect((await post(run, "{broken")).body).toMatchObject({ error: "Bad Request", code: 400 });
    const plain = { "content-type": "application/x-www-form-urlencoded" };
    expect(await post(run, "{broken", plain)).toMatchObject({ status: 400, body: { error: "Bad Request" } });
    expect((await post(run, {}, plain)).body.message).toMatch(/`path`.*`formation_id`/);
    expect((await post(run, {})).body.message).toMatch(/`path`.*`formation_id`/);
    expect((await post(run, { path: 5 })).body.message).toMatch(/^Invalid request: path:/);
    expect((await post(run, { path: "examples/hello" })).body.message).toMatch(/^Path must be absolute/);
    expect((await post(run, { path: "/no/such/folder" })).body.message).toBe(
      "Folder not found: /no/such/folder",
    );
    expect((await post(run, { formation_id: "../etc" })).status).toBe(404);
    const empty = await devRun(server, await temporaryFolder());
    expect(empty.status).toBe(400);
    expect(empty.body.message).toMatch(/is not a valid formation/);
    expect((await post(run, { path: "/x".repeat(600_000) })).status).toBe(413);
  });

  it("reports every error of the formation, and starts nothing", async () => {
    const server = await startTestServer();
    const folder = await createFormation("broken");
    await writeFile(join(folder, "formation.afs"), 'schema: "1.0.0"\nid: broken\ndescription: [\n');
    const { status, body } = await devRun(server, folder);
    expect(status).toBe(400);
    expect(body.message).toMatch(/is not a valid formation:\nFound 1 error/);
    expect(body.message).toMatch(/formation\.afs:\d/);
    expect(await startedPids(folder)).toEqual([]);
  });

  it("runs the draft folder of a formation by its id", async () => {
    const server = await startTestServer();
    const folder = join(server.data, "formations", "hello");
    await mkdir(folder, { recursive: true });
    await symlink(await createFormation("hello"), join(folder, "draft"));
    const { status } = await post(`${server.url}/rpc/dev/run`, { formation_id: "hello" });
    expect(status).toBe(200);
  });

  it("on a server that others can reach runs only what lies below dev.roots", async () => {
    const inside = await createFormation("inside");
    const outside = await createFormation("outside");
    const root = await temporaryFolder();
    await symlink(outside, join(root, "link"));
    const config = { host: "0.0.0.0", credentials: undefined };
    const server = await startTestServer({ config: { ...config, devRoots: [join(inside, ".."), root] } });
    expect((await devRun(server, inside)).status).toBe(200);
    for (const path of [outside, join(root, "link")]) {
      const refused = await devRun(server, path);
      expect(refused.status).toBe(403);
      expect(refused.body.message).toMatch(/dev\.roots/);
    }
    const none = await startTestServer({ config: { ...config, devRoots: [] } });
    expect((await devRun(none, inside)).status).toBe(403);
  });

  it("shows why a formation did not start, and frees its port", async () => {
    const server = await startTestServer();
    const folder = await createFormation("broken", { crash: "Cannot find the moon" });
    const { status, body } = await devRun(server, folder);
    expect(status).toBe(500);
    expect(body.message).toBe(
      "Formation crashed during startup (exit code 3). Its last error output:\nCannot find the moon",
    );
    await writeFile(join(folder, "behaviour.json"), JSON.stringify({ crash: " " }));
    expect((await devRun(server, folder)).body.message).toBe(
      "Formation crashed during startup (exit code 3). It wrote no error output.",
    );
    await writeFile(join(folder, "behaviour.json"), "{}");
    expect((await devRun(server, folder)).status).toBe(200);
  });

  it("gives up on a formation that stays unhealthy, and leaves no process", async () => {
    const server = await startTestServer({ processes: { healthTimeoutMs: 600, healthIntervalMs: 50 } });
    const folder = await createFormation("ill", { unhealthy: true, ignoreSigterm: true });
    const { status, body } = await devRun(server, folder);
    expect(status).toBe(500);
    expect(body.message).toMatch(/health check failed after \d+ attempts \(timeout: 0\.6s\)/);
    expect((await startedPids(folder)).some(isAlive)).toBe(false);
  });

  it("stops a formation that is still starting", async () => {
    const server = await startTestServer();
    const folder = await createFormation("slow", { unhealthy: true });
    const run = devRun(server, folder);
    await until("the process is started", async () => (await startedPids(folder))[0]);
    expect((await post(`${server.url}/rpc/dev/stop`, { formation_id: "slow" })).status).toBe(200);
    expect((await run).status).toBe(500);
    expect((await startedPids(folder)).some(isAlive)).toBe(false);
  });

  it("says so when no port is free", async () => {
    const server = await startTestServer({ processes: { portRange: { first: 2000, end: 2000 } } });
    const { status, body } = await devRun(server, await createFormation("hello"));
    expect(status).toBe(500);
    expect(body.message).toMatch(/No free port/);
  });
});

describe("the end of the server", () => {
  it("stops every formation, also one that ignores SIGTERM", async () => {
    const server = await startTestServer();
    const folders = [await createFormation("one"), await createFormation("two", { ignoreSigterm: true })];
    for (const folder of folders) await devRun(server, folder);
    await server.server.close();
    const pids = (await Promise.all(folders.map(startedPids))).flat();
    expect(pids).toHaveLength(2);
    expect(pids.some(isAlive)).toBe(false);
    expect(existsSync(join(server.data, "logs", "one-draft-err.log"))).toBe(true);
  });

  it("lets an open request end first", async () => {
    const server = await startTestServer();
    await devRun(server, await createFormation("hello"));
    const headers = { "content-length": 4, expect: "100-continue" };
    const upload = http.request({ port: server.port, path: "/draft/hello/echo", method: "POST", headers });
    const answer = new Promise<string>((resolve, reject) => {
      upload.once("response", (response) => response.setEncoding("utf8").once("data", resolve));
      upload.once("error", reject);
    });
    // Only the server itself can say that it has the request.
    const accepted = once(upload, "continue");
    upload.flushHeaders();
    await accepted;
    upload.write("ab");
    const closed = server.server.close();
    upload.end("cd");
    expect(await answer).toContain('"body":"abcd"');
    await closed;
  });
});
