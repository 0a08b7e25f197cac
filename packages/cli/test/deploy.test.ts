import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { list } from "tar";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ZipFile } from "yazl";
import { until } from "../../../test/until.ts";
import { createFakeServer, data, events, type FakeServer, frame, json, refusal } from "./fake-server.ts";
import { createWorld, type World } from "./helpers.ts";

let server: FakeServer;
let world: World;
beforeEach(async () => {
  server = await createFakeServer();
  world = await createWorld({
    MUXI_SERVER_URL: server.url,
    MUXI_KEY_ID: "muxi_pk_a",
    MUXI_SECRET_KEY: "muxi_sk_b",
  });
});
afterEach(async () => {
  await world.close();
  await server.close();
});

const complete = { formation_id: "bot", port: 8000, status: "running", url: "http://localhost:7890/api/bot" };
const steps = [
  ["progress", { stage: "extracting", message: "x" }],
  ["progress", { stage: "validating", message: "x" }],
  ["progress", { stage: "resolving_runtime", message: "x" }],
  ["progress", { stage: "resolving_runtime", message: "x", version: "0.1.0" }],
  ["progress", { stage: "spawning", message: "x" }],
  ["progress", { stage: "health_check", message: "x" }],
  ["progress", { stage: "health_check", message: "x", attempt: 1, max_attempts: 30 }],
  ["progress", { stage: "something_new", message: "Doing something new" }],
] as const;

const deployed = (version: string) =>
  data({ id: "bot", name: "bot", port: 8000, pid: 1, status: "running", version: { semantic: version } });

const pathsIn = async (bundle: Buffer): Promise<string[]> => {
  const file = join(await mkdtemp(join(tmpdir(), "muxi-bundle-")), "bundle.tar.gz");
  await writeFile(file, bundle);
  const paths: string[] = [];
  await list({ file, onReadEntry: ({ path }) => paths.push(path) });
  return paths;
};

test("a new formation: packed, sent with its id, version and hash, and each step told", async () => {
  const folder = await world.formation("bot", { "docs/a.md": "a", ".env": "no", secrets: "no" });
  server.on("POST /rpc/formations", events(...steps, ["complete", complete]));
  const { code, stdout, stderr } = await world.run(["deploy", folder]);
  expect(code).toBe(0);
  expect(stderr).toMatch(
    /^⚠ The formation does not set both API keys[^\n]*\n[^\n]*server\.api_keys[^\n]*\n$/,
  );
  const [, ...lines] = stdout.split("\n");
  expect(stdout).toMatch(
    /^Deploying: bot to MUXI_SERVER_URL\nVersion: 1\.0\.0\n✓ Created bundle \(2 files, \d+ B\)\n/,
  );
  expect(lines.slice(2)).toEqual([
    "✓ Pushed to server",
    "✓ [SERVER] Extracted formation bundle",
    "✓ [SERVER] Validated formation files",
    "✓ [SERVER] Resolved runtime version 0.1.0",
    "✓ [SERVER] Started formation",
    "✓ [SERVER] Formation started",
    "✓ [SERVER] something_new complete",
    "✓ Formation `bot` running!",
    `  Formation URL: ${server.url}/api/bot`,
    "",
  ]);
  const upload = server.received.at(-1);
  expect(upload?.headers).toMatchObject({
    accept: "text/event-stream",
    "content-type": "application/gzip",
    "x-formation-id": "bot",
    "x-formation-version": "1.0.0",
    "x-muxi-check": "all",
    "x-muxi-content-sha256": createHash("sha256")
      .update(upload?.body ?? "")
      .digest("hex"),
    authorization: expect.stringMatching(/^MUXI-HMAC key=muxi_pk_a, timestamp=\d+, signature=\S+$/),
  });
  expect(await pathsIn(upload?.body ?? Buffer.alloc(0))).toEqual(["bot/docs/a.md", "bot/formation.afs"]);
});

test("an update needs a higher version; bump gives it", async () => {
  const folder = await world.formation("bot");
  server.on("GET /rpc/formations/bot", deployed("1.1.0"));
  server.on(
    "PUT /rpc/formations/bot",
    events(["progress", { stage: "swapping", message: "x" }], ["complete", complete]),
  );
  const unversioned = await world.run(["deploy"], { cwd: folder });
  expect(unversioned).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("✗ Version required for update"),
  });

  const bumped = await world.run(["bump", "--set", "1.1.0"], { cwd: folder });
  expect(bumped.stdout).toBe("✓ Formation version updated!\n  (none) => 1.1.0\n");
  const same = await world.run(["deploy"], { cwd: folder });
  expect(same.code).toBe(1);
  expect(same.stderr).toMatch(
    /✗ Version conflict\n {2}Here: {3}1\.1\.0\n {2}Server: 1\.1\.0\n[\s\S]*muxi bump/,
  );
  expect(server.calls()).not.toContain("PUT /rpc/formations/bot");

  expect((await world.run(["bump"], { cwd: folder })).stdout).toContain("1.1.0 => 1.1.1");
  const update = await world.run(["deploy", "--output", "json"], { cwd: folder });
  expect(update).toMatchObject({ code: 0, stderr: "" });
  expect(JSON.parse(update.stdout)).toMatchObject({
    formation_id: "bot",
    status: "running",
    version: "1.1.1",
    url: `${server.url}/api/bot`,
  });
});

test("--dry-run makes the bundle and sends nothing; --no-stream asks for a plain answer", async () => {
  const folder = await world.formation("bot");
  const dry = await world.run(["deploy", "--dry-run", folder]);
  expect(dry.code).toBe(0);
  expect(dry.stdout).toContain("Dry run complete - bundle created but not uploaded");
  expect(server.calls()).toEqual(["GET /rpc/formations/bot"]);

  server.on("POST /rpc/formations", json({ success: true, data: complete }, 201));
  const plain = await world.run(["deploy", "--no-stream", folder]);
  expect(plain.stdout).toContain(`✓ Deployed bot\n  Formation URL: ${server.url}/api/bot\n`);
  expect(server.received.at(-1)?.headers.accept).not.toBe("text/event-stream");
});

test.each([
  [
    "an error of the server",
    events(...steps.slice(0, 2), [
      "error",
      { error: "ParseError", message: "bad field", stage: "validating" },
    ]),
    "✗ [SERVER] Failed\n  bad field\n",
  ],
  ["a refusal before the first event", refusal(409, "exists already"), "✗ Push failed\n  exists already\n"],
  [
    "a stream that breaks off",
    events(...steps.slice(0, 2)),
    "✗ SSE stream ended without complete or error event\n",
  ],
])("fails with %s", async (_, answer, message) => {
  server.on("POST /rpc/formations", answer);
  const { code, stderr } = await world.run(["deploy", await world.formation("bot")]);
  expect(code).toBe(1);
  expect(stderr).toContain(message);
});

test.each([
  [
    "wrong credentials",
    refusal(401, "Invalid key", "Unauthorized"),
    "authentication failed - check server credentials",
  ],
  ["a failing server", refusal(500, "out of order"), "out of order"],
])("%s are not taken for a formation that is not there", async (_, answer, message) => {
  server.on("GET /rpc/formations/bot", answer);
  const { code, stderr } = await world.run(["deploy", await world.formation("bot")]);
  expect(code).toBe(1);
  expect(stderr).toContain(message);
  expect(server.calls()).toEqual(["GET /rpc/formations/bot"]);
});

test("what a killed command has packed is removed by the next one, and what belongs to others stays", async () => {
  const folder = await world.formation("bot");
  const temporary = await mkdtemp(join(world.home, "tmp-"));
  const others = `muxi-elsewhere-${process.pid}-1`;
  await mkdir(join(temporary, others));
  world.env.TMPDIR = temporary;
  server.on("POST /rpc/formations", () => undefined);
  const killed = world.start(["deploy", folder]);
  await until("the server has the bundle", () => server.calls().includes("POST /rpc/formations"));
  expect(await readdir(temporary)).toHaveLength(2);
  killed.kill("SIGKILL");
  await killed.done;

  server.on("POST /rpc/formations", events(...steps, ["complete", complete]));
  expect((await world.start(["deploy", folder]).done).code).toBe(0);
  expect(await readdir(temporary)).toEqual([others]);
});

test("files with errors are not sent", async () => {
  const folder = await world.formation("bot", {
    "formation.afs": 'schema: "1.0.0"\nid: bot\nserver: { port: 0 }\n',
  });
  const { code, stderr } = await world.run(["deploy", folder]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/✗ The formation has 2 error\(s\)\n[\s\S]*server\.port[\s\S]*muxi validate/);
  expect(server.calls()).toEqual([]);
});

test.each([
  [
    "an update",
    "1.0.0",
    "PUT /rpc/formations/bot",
    "POST /rpc/formations/bot/cancel-update",
    "Original version still running",
    "Update aborted",
  ],
  [
    "a new formation",
    undefined,
    "POST /rpc/formations",
    "DELETE /rpc/formations/bot",
    "Cleaned up partial deployment",
    "Deployment aborted",
  ],
])("Ctrl+C takes %s back", async (_, version, call, takeBack, message, title) => {
  const folder = await world.formation("bot", {
    "formation.afs": 'schema: "1.0.0"\nid: bot\ndescription: x\nversion: "2.0.0"\n',
  });
  if (version !== undefined) server.on("GET /rpc/formations/bot", deployed(version));
  server.on(call, (response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(frame("progress", { stage: "health_check", message: "x" }));
  });
  // The server has not come so far yet when it is asked first.
  let asked = 0;
  server.on(takeBack, async (response, received) => {
    asked += 1;
    const answer = asked === 1 ? refusal(version ? 400 : 404, "not yet") : data({ message: "done" });
    await answer(response, received);
  });
  const running = world.start(["deploy", folder]);
  await running.shows("Pushed to server");
  running.kill("SIGINT");
  const { code, stdout, stderr } = await running.done;
  expect(code).toBe(130);
  expect(asked).toBe(2);
  expect(stdout).toContain(message);
  expect(stderr).toContain(title);
});

test("remote: list, get, start, stop, restart, rollback and delete", async () => {
  const formation = {
    id: "bot",
    name: "bot",
    port: 8000,
    pid: 7,
    uptime: 97_200,
    restart_count: 2,
    healthy: true,
  };
  server.on(
    "GET /rpc/formations",
    data({
      formations: [
        { ...formation, status: "running", version: { semantic: "1.2.0" } },
        { ...formation, id: "other", status: "stopped", uptime: 0, port: 0 },
      ],
      total: 2,
    }),
  );
  expect((await world.run(["remote", "list"])).stdout).toBe(
    [
      "ID     VERSION  STATUS     UPTIME  PORT",
      "bot    1.2.0    ● running  1d 3h   8000",
      "other  -        ○ stopped  -       -",
      "",
    ].join("\n"),
  );
  const running = await world.run(["remote", "ls", "--status", "running", "--output", "json"]);
  expect(JSON.parse(running.stdout)).toMatchObject({ total: 1, formations: [{ id: "bot" }] });

  server.on(
    "GET /rpc/formations/bot",
    data({ ...formation, status: "running", deployed_at: "2026-01-01", updated_at: "2026-01-02" }),
  );
  const get = await world.run(["remote", "get", "bot", "-v"]);
  expect(get.stdout).toMatch(/Health\s+✓ healthy[\s\S]*Restarts\s+2[\s\S]*Process id\s+7/);
  const missing = await world.run(["remote", "get", "nobody"]);
  expect(missing).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/✗ Formation not deployed\n[\s\S]*muxi deploy/),
  });

  server.on(
    "POST /rpc/formations/bot/start",
    events(["error", { error: "AlreadyRunning", message: "it runs" }]),
  );
  expect(await world.run(["remote", "start", "bot"])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("it runs"),
  });
  server.on("POST /rpc/formations/bot/stop", data({ id: "bot", status: "stopped", message: "x" }));
  expect((await world.run(["remote", "stop", "bot", "-f"])).stdout).toBe("✓ Stopped bot\n");
  server.on("POST /rpc/formations/bot/stop", refusal(409, "Formation is already stopped"));
  const again = await world.run(["remote", "stop", "bot", "-f"]);
  expect(again).toMatchObject({ code: 0, stderr: expect.stringContaining("already stopped") });
  server.on(
    "POST /rpc/formations/bot/restart",
    events(["progress", { stage: "stopping", message: "x" }], ["complete", complete]),
  );
  expect((await world.run(["remote", "restart", "bot", "-f"])).stdout).toContain(
    "✓ [SERVER] Stopped current process\n✓ Formation `bot` restarted!",
  );
  server.on(
    "POST /rpc/formations/bot/rollback",
    events(["complete", { ...complete, previous_version: "2", new_version: "1" }]),
  );
  expect((await world.run(["remote", "rollback", "bot", "-f"])).stdout).toContain(
    "rolled back from version 2 to 1",
  );
  server.on("DELETE /rpc/formations/bot", data({ id: "bot", message: "x" }));
  const unasked = await world.run(["remote", "delete", "bot"]);
  expect(unasked).toMatchObject({ code: 1, stderr: expect.stringContaining("--force") });
  expect((await world.run(["delete", "--force"], { cwd: await world.formation("bot") })).stdout).toBe(
    "✓ Deleted bot\n",
  );
});

test("remote logs: the last lines, and followed until Ctrl+C", async () => {
  server.on("GET /rpc/formations/bot/logs", async (response, received) => {
    const lines = { stdout: ["out 1"], stderr: ["err 1"] };
    const total = { stdout: 1, stderr: 1 };
    if (!received.url.includes("follow=true")) {
      await data({ formation_id: "bot", logs: lines, total_lines: total })(response, received);
      return;
    }
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(
      frame("connected", { formation_id: "bot" }) + frame("log", { line: "new", formation_id: "bot" }),
    );
  });
  expect((await world.run(["remote", "logs", "bot", "-n", "5"])).stdout).toBe("out 1\nerr 1\n");
  expect(server.received.at(-1)?.url).toContain("lines=5");
  const followed = world.start(["remote", "logs", "bot", "-f"]);
  await followed.shows("new\n");
  followed.kill("SIGINT");
  expect(await followed.done).toEqual({ code: 0, stdout: "out 1\nerr 1\nnew\n", stderr: "" });
});

test("logs are lines with time, level and fields; what is no record of the formation stays as it is", async () => {
  const time = Date.parse("2026-01-31T09:05:00Z");
  const here = new Date(time).toLocaleString("sv-SE");
  const err = { type: "Error", message: "no route to host", stack: "Error: no route\n    at x" };
  const written = [
    JSON.stringify({ level: 30, time, formation: "bot", port: 7, tags: ["a b"], msg: "formation is up" }),
    JSON.stringify({ level: 50, time, formation: "bot", err, msg: "a webhook\ncould not\u001b[2J be sent" }),
    JSON.stringify({
      ...{ id: "e1", level: "warn", timestamp: time, event: "tool.failed" },
      ...{ request: { id: "req_1", user_id: "ann smith", session_id: null }, data: { tool: "count" } },
    }),
    "ready: {not json}",
    '{"count": 3}',
  ];
  server.on(
    "GET /rpc/formations/bot/logs",
    data({
      formation_id: "bot",
      logs: { stdout: written, stderr: [] },
      total_lines: { stdout: 5, stderr: 0 },
    }),
  );
  expect((await world.run(["remote", "logs", "bot"])).stdout.split("\n")).toEqual([
    `${here} INFO  formation is up port=7 tags=["a b"]`,
    `${here} ERROR a webhook could not [2J be sent cause="no route to host"`,
    `${here} WARN  tool.failed request=req_1 user="ann smith" tool=count`,
    "ready: {not json}",
    '{"count": 3}',
    "",
  ]);
  const raw = await world.run(["remote", "logs", "bot", "--json"]);
  expect(JSON.parse(raw.stdout).logs.stdout).toEqual(written);
});

test("logs: what the process prints, in the short form, too; without a wish it shows what can be wished for", async () => {
  server.on(
    "GET /rpc/formations/bot/logs",
    data({
      formation_id: "bot",
      logs: { stdout: ["out 1"], stderr: [] },
      total_lines: { stdout: 1, stderr: 0 },
    }),
  );
  const short = await world.run(["logs", "bot", "--lines", "7"]);
  expect(short).toEqual({ code: 0, stdout: "out 1\n", stderr: "" });
  expect(server.received.at(-1)?.url).toContain("lines=7");
  const help = await world.run(["logs"]);
  expect(help.code).toBe(0);
  expect(help.stdout).toContain("Usage: muxi logs");
});

test("profiles: saved only when they work, listed, chosen and removed", async () => {
  const withoutServer = await createWorld();
  try {
    const run = withoutServer.run;
    const add = (name: string) =>
      run(["profiles", "add", name, "--url", `${server.url}/`, "--key-id", "k", "--secret-key", "s"]);
    server.on("GET /rpc/server/status", refusal(401, "Invalid key", "Unauthorized"));
    expect(await add("prod")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("authentication failed"),
    });
    expect((await run(["profiles", "list"])).stdout).toContain("No profiles configured");

    server.on("GET /rpc/server/status", data({}));
    expect((await add("prod")).stdout).toBe("Testing connection... OK\n✓ Saved profile 'prod'\n");
    expect(await add("prod")).toMatchObject({ code: 1, stderr: expect.stringContaining("already") });
    expect((await add("beta")).code).toBe(0);
    const file = join(withoutServer.home, ".muxi/cli/profiles.yaml");
    expect(await readFile(file, "utf8")).toContain("default_profile: prod");
    expect((await run(["profiles", "list"])).stdout).toBe(
      `  NAME  URL${" ".repeat(server.url.length - 3)}  STATUS\n  beta  ${server.url}  ● online\n* prod  ${server.url}  ● online\n`,
    );
    server.on("GET /rpc/formations", data({ formations: [], total: 0 }));
    expect((await run(["remote", "list", "--profile", "beta"])).stdout).toContain("No formations deployed");
    const unknown = await run(["remote", "list", "--profile", "gamma"]);
    expect(unknown).toMatchObject({ code: 1, stderr: expect.stringContaining("Saved: beta, prod") });

    expect((await run(["set", "default", "profile", "beta"])).code).toBe(0);
    expect((await run(["profiles", "remove", "beta", "--force"])).code).toBe(0);
    expect(await readFile(file, "utf8")).not.toMatch(/beta/);
    expect((await run(["profiles", "ping", "-c", "1", "--profile", "prod"])).stdout).toContain(
      "4 bytes from prod: seq=1",
    );
    const nobody = await run(["profiles", "remove"]);
    expect(nobody.code).toBe(1);
  } finally {
    await withoutServer.close();
  }
});

test("without a server on this machine and without a profile it says what to do", async () => {
  const alone = await createWorld();
  try {
    const { code, stderr } = await alone.run(["remote", "list"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /✗ No server is running on this machine\n[\s\S]*muxi server start --daemon\n {2}or .*muxi profiles add/,
    );
  } finally {
    await alone.close();
  }
});

const zipOf = (files: Record<string, string>): Promise<Buffer> => {
  const archive = new ZipFile();
  for (const [name, content] of Object.entries(files)) archive.addBuffer(Buffer.from(content), name);
  archive.end();
  return buffer(archive.outputStream);
};

test("download: the files of the server, and what belongs to the folder stays", async () => {
  const archive = await zipOf({ "formation.afs": "schema: x\nid: bot\n", "agents/a.afs": "a" });
  server.on("GET /rpc/formations/bot/download", (response) => void response.end(archive));
  const first = await world.run(["download", "bot"]);
  expect(first.stdout).toBe("✓ Downloaded bot (2 files) into bot\n");
  const folder = join(world.home, "bot");
  expect(await readFile(join(folder, "agents/a.afs"), "utf8")).toBe("a");

  for (const name of ["old.md", ".key", "memory.db"]) await writeFile(join(folder, name), "mine");
  expect(await world.run(["download", "bot"])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("already exists"),
  });
  expect((await world.run(["download", "--force"], { cwd: folder })).code).toBe(0);
  await expect(readFile(join(folder, "old.md"))).rejects.toThrow("ENOENT");
  expect(await readFile(join(folder, ".key"), "utf8")).toBe("mine");
  expect(await readFile(join(folder, "memory.db"), "utf8")).toBe("mine");

  // No library writes such a name.
  const evil = Buffer.from(
    (await zipOf({ "xx/evil": "x" })).toString("latin1").replaceAll("xx/", "../"),
    "latin1",
  );
  const damaged = await zipOf({ "a.md": "words ".repeat(1000) });
  damaged.fill(0xff, 40, 50);
  for (const [sent, words] of [
    [evil, /is damaged or not safe[\s\S]*\.\.\/evil/],
    [damaged, /is damaged or not safe/],
    [Buffer.from("hello"), /did not send a zip archive/],
  ] as const) {
    server.on("GET /rpc/formations/bot/download", (response) => void response.end(sent));
    const refused = await world.run(["download", "--force"], { cwd: folder });
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringMatching(words) });
    await expect(readFile(join(world.home, "evil"))).rejects.toThrow("ENOENT");
    expect(await readFile(join(folder, "agents/a.afs"), "utf8")).toBe("a");
    expect((await readdir(folder)).sort()).toEqual([".key", "agents", "formation.afs", "memory.db"]);
  }
});
