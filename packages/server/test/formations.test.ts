import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { until } from "../../../test/until.ts";
import { bundle, call, deployBundle, expectStatus, manifestOf, updateBundle } from "./bundles.ts";
import { isAlive, post, startedPids, startTestServer } from "./helpers.ts";

const formation = "/rpc/formations/my-bot";

it("deploys, tells, updates, goes back, stops, starts and deletes", async () => {
  const { url, data } = await startTestServer();
  const root = join(data, "formations", "my-bot");

  const first = expectStatus(await deployBundle(url, await bundle()), 201).body.data;
  expect(first).toMatchObject({ formation_id: "my-bot", status: "running", url: `${url}/api/my-bot` });
  expect(await (await fetch(`${url}/api/my-bot/v1/health`)).text()).toBe("{}");
  expect(await readFile(join(root, "current", "formation.afs"), "utf8")).toMatch(
    /^# kept\n[\s\S]*_server_id: server-/,
  );
  expectStatus(await deployBundle(url, await bundle()), 409);

  const second = await bundle({ version: "2.0.0", files: { "behaviour.json": "{}" } });
  const updated = expectStatus(await updateBundle(url, second, { version: "2.0.0" }), 200).body.data;
  expect(updated).toMatchObject({ version: 2, previous_version: 1, deployment_type: "blue-green" });
  expect(updated.pid).not.toBe(first.pid);
  expect(isAlive(first.pid)).toBe(false);
  const { body: again } = expectStatus(await updateBundle(url, second, { version: "2.0.0" }), 409);
  expect(again.message).toMatch(/is already running this bundle/);

  const got = expectStatus(await call(url, "GET", formation), 200).body.data;
  expect(got).toMatchObject({ port: updated.port, pid: updated.pid, status: "running", healthy: true });
  expect(got.version).toMatchObject({ semantic: "2.0.0", current: expect.stringMatching(/^[0-9a-f]{64}$/) });
  const version = JSON.parse(await readFile(join(root, "version.json"), "utf8"));
  expect(version).toMatchObject({ current_version: 2, previous_version: 1 });

  const back = expectStatus(await call(url, "POST", `${formation}/rollback`), 200).body.data;
  expect(back).toMatchObject({ version: 1, previous_version: 2, status: "running" });
  expect(await readFile(join(root, "current", "formation.afs"), "utf8")).toContain("1.0.0");

  expectStatus(await call(url, "POST", `${formation}/stop`), 200);
  expectStatus(await call(url, "POST", `${formation}/stop`), 409);
  expect((await fetch(`${url}/api/my-bot/v1/health`)).status).toBe(503);
  expectStatus(await call(url, "POST", `${formation}/start`), 200);
  expectStatus(await call(url, "POST", `${formation}/start`), 409);
  const restarted = expectStatus(await call(url, "POST", `${formation}/restart`), 200).body.data;
  expect(restarted.restart_count).toBe(1);
  expect((await call(url, "GET", "/rpc/formations")).body.data.total).toBe(1);

  expectStatus(await call(url, "DELETE", formation), 200);
  expectStatus(await call(url, "GET", formation), 404);
  expect(existsSync(root)).toBe(false);
  expect(await readdir(join(data, "tmp"))).toEqual([]);
  expect((await readdir(join(data, "logs"))).filter((name) => name.startsWith("my-bot"))).toEqual([]);
  expect((await fetch(`${url}/api/my-bot/v1/health`)).status).toBe(404);
});

it("tells each step of a deployment, an update and a failure as an event stream", async () => {
  const { url } = await startTestServer();
  const accept = { accept: "text/event-stream" };
  const steps = (text: string): string[] =>
    [...text.matchAll(/event: (\w+)\ndata: (.*)\n\n/g)].map(([, event, data = ""]) =>
      event === "progress" ? JSON.parse(data).stage : event,
    );
  const deployed = (await deployBundle(url, await bundle(), accept)).body;
  expect([...new Set(steps(deployed))]).toEqual([
    ...["extracting", "validating", "resolving_runtime", "spawning", "health_check", "complete"],
  ]);
  const updated = (
    await updateBundle(url, await bundle({ version: "2.0.0" }), { ...accept, version: "2.0.0" })
  ).body;
  expect([...new Set(steps(updated))]).toEqual([
    ...["extracting", "validating", "resolving_runtime", "spawning_staging", "health_check"],
    ...["swapping", "stopping_old", "complete"],
  ]);
  const broken = await bundle({ version: "3.0.0", files: { "behaviour.json": '{"crash":"no moon"}' } });
  const failed = (await updateBundle(url, broken, { ...accept, version: "3.0.0" })).body;
  expect(steps(failed).at(-1)).toBe("error");
  expect(failed).toMatch(/"error":"HealthCheckFailed".*no moon/);
  expect((await fetch(`${url}/api/my-bot/v1/health`)).status).toBe(200);
});

it("keeps what the runtime owns over an update, and one set of generated keys", async () => {
  const { url, data } = await startTestServer();
  const manifest =
    'schema: "1.0.0"\nid: my-bot\ndescription: d\nllm: { models: [{ text: builtin/extractive }] }\n';
  expectStatus(await deployBundle(url, await bundle({ manifest })), 201);
  const current = join(data, "formations", "my-bot", "current");
  const keys = await readFile(join(current, ".keys.json"), "utf8");
  await writeFile(join(current, "memory.db"), "remembered");
  await writeFile(join(current, "artifacts", "a.txt"), "made");
  await writeFile(join(current, "MUXI.md"), "tuned");
  const next = await bundle({ manifest: `${manifest}author: me\n`, files: { "MUXI.md": "packed" } });
  expectStatus(await updateBundle(url, next), 200);
  expect(await readFile(join(current, ".keys.json"), "utf8")).toBe(keys);
  expect(await readFile(join(current, "memory.db"), "utf8")).toBe("remembered");
  expect(await readFile(join(current, "artifacts", "a.txt"), "utf8")).toBe("made");
  expect(await readFile(join(current, "MUXI.md"), "utf8")).toBe("tuned");
});

it.each(["sqlite:///data/memory.db", "sqlite://./data/deep/memory.db", "data/memory.db"])(
  "carries the database at %s on over an update and a rollback",
  async (connection) => {
    const { url, data } = await startTestServer();
    const file = `data/${connection.includes("deep") ? "deep/" : ""}memory.db`;
    const current = join(data, "formations/my-bot/current");
    const manifest = (version: string) =>
      `${manifestOf("my-bot", version)}memory: { persistent: { connection_string: "${connection}" } }\n`;
    const next = { version: "2.0.0" };
    expectStatus(await deployBundle(url, await bundle({ manifest: manifest("1.0.0") })), 201);
    await writeFile(join(current, file), "first");
    expectStatus(await updateBundle(url, await bundle({ manifest: manifest("2.0.0") }), next), 200);
    expect(await readFile(join(current, file), "utf8")).toBe("first");
    await writeFile(join(current, file), "first, second");
    expectStatus(await call(url, "POST", `${formation}/rollback`), 200);
    expect(await readFile(join(current, file), "utf8")).toBe("first, second");
  },
);

it("runs one operation at a time, and breaks an update off when asked", async () => {
  const { url, data } = await startTestServer();
  const same = await bundle();
  const answers = await Promise.all([deployBundle(url, same), deployBundle(url, same)]);
  expect(answers.map(({ status }) => status).sort()).toEqual([201, 409]);

  const slow = await bundle({ version: "2.0.0", files: { "behaviour.json": '{"unhealthy":true}' } });
  const update = updateBundle(url, slow, { version: "2.0.0" });
  const staging = join(data, "formations/my-bot/staging");
  await until("the new version is tried", async () => (await startedPids(staging))[0]);
  expect((await updateBundle(url, slow)).body.message).toBe("Formation is already being updated");
  for (const [method, path] of [
    ["POST", "/stop"],
    ["POST", "/rollback"],
    ["DELETE", ""],
  ] as const) {
    expectStatus(await call(url, method, formation + path), 409);
  }
  const cancelled = expectStatus(await call(url, "POST", `${formation}/cancel-update`), 200).body;
  expect(cancelled).toMatchObject({ message: "Update cancelled successfully", status: "running" });
  expect((await update).body.message).toMatch(/The running version is unchanged.*cancelled/);
  expect((await call(url, "POST", `${formation}/cancel-update`)).status).toBe(400);
  expect(await readdir(join(data, "formations/my-bot/releases"))).toEqual(["1"]);
  expect(existsSync(join(data, "formations/my-bot/staging"))).toBe(false);
  expect((await fetch(`${url}/api/my-bot/v1/health`)).status).toBe(200);
});

it("undoes a deployment that is deleted while it goes on", async () => {
  const { url, data } = await startTestServer();
  const packed = await bundle({ files: { "behaviour.json": '{"unhealthy":true}' } });
  const deploying = deployBundle(url, packed);
  const release = join(data, "formations/my-bot/releases/1");
  await until("its process is started", async () => (await startedPids(release))[0]);
  expectStatus(await call(url, "DELETE", formation), 200);
  expectStatus(await deploying, 409);
  expect(await readdir(join(data, "formations"))).toEqual([]);
});

it("keeps a draft when a deployment fails, and refuses ids that its own names would meet", async () => {
  const { url, data } = await startTestServer();
  const draft = join(data, "formations", "my-bot", "draft");
  await mkdir(draft, { recursive: true });
  const broken = await bundle({ files: { "behaviour.json": '{"crash":"no"}' } });
  expectStatus(await deployBundle(url, broken), 400);
  expect(existsSync(draft)).toBe(true);
  for (const id of ["rpc", "my-bot-draft", "a", "../x"]) {
    expect((await deployBundle(url, await bundle(), { id })).body).toMatchObject({ code: 400 });
  }
});

it("shares requests among replicas on Postgres, and refuses replicas on SQLite", async () => {
  const { url, data } = await startTestServer();
  const manifest = (store: string) =>
    `schema: "1.0.0"\nid: my-bot\ndescription: d\nllm: { models: [{ text: builtin/extractive }] }\nserver: { replicas: 3 }\n${store}`;
  const refused = await deployBundle(url, await bundle({ manifest: manifest("") }));
  expect(expectStatus(refused, 400).body.message).toMatch(/server\.replicas is 3.*need Postgres/);
  const store = "memory: { persistent: { connection_string: 'postgres://x/y' } }\n";
  expectStatus(await deployBundle(url, await bundle({ manifest: manifest(store) })), 201);
  const ports = await Promise.all(
    Array.from({ length: 9 }, async () => (await (await fetch(`${url}/api/my-bot/env`)).json()).PORT),
  );
  expect(new Set(ports).size).toBe(3);
  expect((await startedPids(join(data, "formations/my-bot/current"))).filter(isAlive)).toHaveLength(3);
});

it("shows logs, as lines and as they come, and writes down who did what, without secrets", async () => {
  const credentials = { key: "muxi_pk_1", secret: "muxi_sk_never", toleranceSeconds: 300 };
  const locked = await startTestServer({ config: { credentials } });
  const refused = await fetch(`${locked.url}/rpc/formations`, {
    headers: { authorization: "MUXI-HMAC key=muxi_sk_never, timestamp=1, signature=x" },
  });
  expect(refused.status).toBe(401);
  const trail = await readFile(join(locked.data, "logs", "audit.log"), "utf8");
  expect(JSON.parse(trail)).toMatchObject({ path: "/rpc/formations", status: 401, error: "Invalid key" });
  expect(trail).not.toContain("never");

  const { url, data } = await startTestServer();
  await deployBundle(url, await bundle());
  const logs = expectStatus(await call(url, "GET", `${formation}/logs?lines=5`), 200).body.data;
  expect(logs).toEqual({
    formation_id: "my-bot",
    logs: { stdout: ["listening"], stderr: [] },
    total_lines: { stdout: 1, stderr: 0 },
  });
  expectStatus(await call(url, "GET", `${formation}/logs?lines=0`), 400);
  const abort = new AbortController();
  const following = await fetch(`${url}${formation}/logs?follow=true`, { signal: abort.signal });
  const reader = following.body?.pipeThrough(new TextDecoderStream()).getReader();
  expect((await reader?.read())?.value).toContain("event: connected");
  await writeFile(join(data, "logs", "my-bot-err.log"), "late\n", { flag: "a" });
  expect((await reader?.read())?.value).toContain('"line":"late"');
  abort.abort();
  const lines = (await call(url, "GET", "/rpc/server/logs?limit=2")).body;
  expect(lines.trim().split("\n")).toHaveLength(2);
  expect(lines).toMatch(
    /"path":"\/rpc\/formations\/my-bot\/logs",.*"status":400,.*"error":"Invalid request: lines:/,
  );
});

it("streams at the paths of published SDKs whatever Accept says, and takes their limit of lines", async () => {
  const { url, data } = await startTestServer();
  await deployBundle(url, await bundle());
  const streamed = async (method: string, path: string) => {
    const response = await fetch(`${url}${formation}${path}`, { method });
    expect(response.headers.get("content-type")).toContain("text/event-stream");
    return response.text();
  };
  expect(await streamed("POST", "/restart/stream")).toMatch(/^event: progress\n[\s\S]*event: complete\n/);
  expectStatus(await call(url, "POST", `${formation}/stop`), 200);
  expect(await streamed("POST", "/start/stream")).toContain("event: complete\n");
  expect(await streamed("POST", "/rollback/stream")).toMatch(/event: error\ndata: \{"error":"\w+"/);

  await writeFile(join(data, "logs", "my-bot-err.log"), "one\ntwo\nthree\n");
  const logs = expectStatus(await call(url, "GET", `${formation}/logs?limit=2`), 200).body.data;
  expect(logs.logs.stderr).toEqual(["two", "three"]);
  const abort = new AbortController();
  const following = await fetch(`${url}${formation}/logs/stream`, { signal: abort.signal });
  const reader = following.body?.pipeThrough(new TextDecoderStream()).getReader();
  expect((await reader?.read())?.value).toContain("event: connected");
  abort.abort();
});

it("a draft has no part in the live database, wherever that is, and brings none when it is deployed", async () => {
  const { url, data } = await startTestServer();
  const root = join(data, "formations/my-bot");
  const database = "data/memory.db";
  const manifest = `${manifestOf("my-bot", "1.0.0")}memory: { persistent: { connection_string: "${database}" } }\n`;
  expectStatus(await deployBundle(url, await bundle({ manifest })), 201);
  await writeFile(join(root, "current", database), "live");
  const act = (body: object) => post(`${url}${formation}/draft/files`, body);
  expect((await act({ action: "init", mode: "clone" })).status).toBe(200);
  expect(await readdir(join(root, "draft/data"))).toEqual([]);
  await writeFile(join(root, "draft", database), "of the draft");
  expect((await act({ action: "deploy" })).status).toBe(200);
  expect(await readFile(join(root, "current", database), "utf8")).toBe("live");
});

it("edits a draft, deploys it, and deploys it again", async () => {
  const { url } = await startTestServer();
  const files = `${url}${formation}/draft/files`;
  const act = (body: object) => post(files, body);
  expect((await act({ action: "list" })).body.error).toBe("DraftNotFound");
  expect((await act({ action: "init", mode: "clone" })).body.error).toBe("LiveNotFound");
  expect((await act({ action: "init", mode: "new" })).body).toMatchObject({
    success: true,
    draft: { exists: true },
  });
  expect((await act({ action: "init", mode: "new" })).status).toBe(409);
  for (const path of ["../x", "/etc/passwd", ".draft-meta.json", "a/../../x"]) {
    expect((await act({ action: "write", path, content: "x" })).body.error).toBe("InvalidPath");
  }
  await act({ action: "write", path: "knowledge/a.md", content: "one" });
  expect((await act({ action: "list" })).body.data).toMatchObject({
    entries: [{ name: "formation.afs" }, { name: "knowledge/", type: "dir" }],
  });
  expect((await act({ action: "deploy" })).status).toBe(201);
  expect((await act({ action: "deploy" })).body.error).toBe("NoChange");
  await act({ action: "write", path: "knowledge/a.md", content: "dHdv", encoding: "base64" });
  expect((await act({ action: "deploy" })).status).toBe(200);
  expect((await act({ action: "read", path: "knowledge/a.md" })).body.data).toMatchObject({ content: "two" });
  expect((await act({ action: "discard" })).body).toMatchObject({ draft: { exists: false } });
});

it("counts no restart for the end of its server, not even when its formations are ended along with it", async () => {
  const first = await startTestServer();
  expectStatus(await deployBundle(first.url, await bundle()), 201);
  const other = await deployBundle(first.url, await bundle({ id: "other-bot" }), { id: "other-bot" });
  const { pid } = expectStatus(other, 201).body.data;

  // A stop of systemd ends all processes of a service, while the server waits for this answer.
  const { body } = await fetch(`${first.url}/api/my-bot/stream`);
  const reader = body?.pipeThrough(new TextDecoderStream()).getReader();
  await reader?.read();
  const closed = first.server.close();
  process.kill(pid, "SIGTERM");
  await until("it has ended", () => !isAlive(pid));
  // The events come every 5 ms, and 10 ms after a crash a formation is started again.
  let told = "";
  while (told.split("data:").length < 100) told += (await reader?.read())?.value ?? "";
  await reader?.cancel();
  await closed;

  const second = await startTestServer({ data: first.data });
  const { formations } = (await call(second.url, "GET", "/rpc/formations")).body.data;
  for (const { id } of formations) {
    const path = `/rpc/formations/${id}`;
    const running = await until("it runs again", async () => {
      const { data } = (await call(second.url, "GET", path)).body;
      return data.status === "running" ? data : undefined;
    });
    expect(running.restart_count).toBe(0);
  }
  expect(formations).toHaveLength(2);
});
