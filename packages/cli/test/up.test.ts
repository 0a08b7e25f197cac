import { once } from "node:events";
import { readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { freePort } from "../../../test/ports.ts";
import { until } from "../../../test/until.ts";
import { createWorld, isAlive, toolServer, type World } from "./helpers.ts";

let world: World;
beforeEach(async () => {
  world = await createWorld();
});
afterEach(() => world.close());

const serverPid = async (): Promise<number> =>
  JSON.parse(await readFile(join(world.home, ".muxi/server/server.pid"), "utf8")).pid;

const agentFile = (id: string): string =>
  `schema: "1.0.0"\nid: ${id}\nname: ${id}\ndescription: An agent of the tests\n`;

const nothingAnswers = (url: string): Promise<boolean> =>
  fetch(url).then(
    () => false,
    () => true,
  );

test("--output json prints one line, and Ctrl+C leaves no process behind", async () => {
  const folder = await world.formation("first");
  const up = world.start(["up", folder, "--output", "json"]);
  await up.shows("\n");
  const line = JSON.parse(up.stdout());
  expect(line).toEqual({
    server_url: `http://127.0.0.1:${world.port}`,
    formation_id: "first",
    draft_url: `http://127.0.0.1:${world.port}/draft/first`,
    direct_url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
    client_key: expect.stringMatching(/^fmc_/),
    admin_key: expect.stringMatching(/^fma_/),
    pid: expect.any(Number),
    warnings: [],
  });
  for (const url of [line.draft_url, line.direct_url]) {
    const health = await fetch(`${url}/v1/health`);
    expect(health.status).toBe(200);
  }
  const server = await serverPid();
  expect(isAlive(line.pid)).toBe(true);
  expect((await stat(join(world.home, ".muxi/cli/formations.yaml"))).mode & 0o777).toBe(0o600);

  up.kill("SIGINT");
  up.kill("SIGINT"); // npm passes the terminal's Ctrl+C on a second time.
  expect(await up.done).toEqual({ code: 0, stdout: `${JSON.stringify(line)}\n`, stderr: "" });
  expect([isAlive(line.pid), isAlive(server)]).toEqual([false, false]);
  expect(await nothingAnswers(line.server_url)).toBe(true);
});

test("tells where everything is, and how to talk and to stop", async () => {
  const folder = await world.hello();
  const up = world.start(["up"], { cwd: join(folder, "agents") });
  await up.shows("To stop");
  expect(up.stdout()).toContain(`Started the server on http://127.0.0.1:${world.port}`);
  expect(up.stdout()).toContain(join(world.home, ".muxi/server/logs/server.log"));
  expect(up.stdout()).toContain(`http://127.0.0.1:${world.port}/draft/hello`);
  expect(up.stdout()).toContain(join(folder, "memory.db"));
  expect(up.stdout()).toContain("npx muxi chat");
  expect(up.stdout()).not.toContain("\u001b[");
  up.kill("SIGTERM");
  const { code, stdout } = await up.done;
  expect(code).toBe(0);
  expect(stdout).toContain("✓ Stopped hello");
});

test("an interrupted start leaves nothing behind either", async () => {
  const up = world.start(["up", await world.formation("early")]);
  await up.shows("Started the server");
  const server = await serverPid();
  up.kill("SIGINT");
  expect([0, 130]).toContain((await up.done).code);
  expect(isAlive(server)).toBe(false);
});

test("says that the formation has died, and stops the server it had started", async () => {
  const up = world.start(["up", await world.formation("mortal"), "--output", "json"]);
  await up.shows("\n");
  const { pid } = JSON.parse(up.stdout());
  const server = await serverPid();
  process.kill(pid, "SIGKILL");
  const { code, stderr } = await up.done;
  expect(code).toBe(1);
  expect(JSON.parse(stderr).error.message).toBe("Formation 'mortal' exited unexpectedly");
  expect(isAlive(server)).toBe(false);
});

test("shows the warnings of a running formation in readable form", async () => {
  const knowledge = "knowledge: { sources: [{ path: absent, description: All of it }] }";
  const files = {
    "agents/one.afs": `${agentFile("one")}${knowledge}\n`,
  };
  const up = world.start(["up", await world.formation("loud", files)]);
  await until("a warning is shown", () => up.stderr().includes("⚠ knowledge source could not be read"));
  expect(up.stderr()).not.toContain('"level"');
  expect(up.stderr().split("does not exist in the formation folder")).toHaveLength(2);
  up.kill("SIGINT");
  await up.done;
});

test("--detach returns; a second up is refused; down stops the formation; the server goes on until it is stopped", async () => {
  const folder = await world.formation("daily");
  expect((await world.run(["up", folder, "--detach"])).code).toBe(0);
  const server = await serverPid();

  const again = await world.run(["up", folder]);
  expect(again.code).toBe(1);
  expect(again.stderr).toMatch(
    /^✗ Formation 'daily' is already running\n {2}.*on port \d+.*\n {2}Run: muxi down daily\n$/,
  );

  const down = await world.run(["down", "daily"]);
  expect(down).toMatchObject({ code: 0, stderr: "" });
  expect(down.stdout).toContain("✓ Stopped daily");
  expect(isAlive(server)).toBe(true);

  const downAgain = await world.run(["down", "daily"]);
  expect(downAgain.code).toBe(1);
  expect(downAgain.stderr).toContain("Draft 'daily' is not running");

  expect((await world.run(["server", "stop"])).stdout).toContain("✓ Stopped the server");
  expect(isAlive(server)).toBe(false);
});

test("ends when the formation is stopped from elsewhere", async () => {
  const folder = await world.formation("remote");
  const up = world.start(["up", folder]);
  await up.shows("To stop");
  expect((await world.run(["down"], { cwd: folder })).code).toBe(0);
  const { code, stdout } = await up.done;
  expect(code).toBe(0);
  expect(stdout).toContain("✓ Stopped remote");
});

test("uses a server that runs already, on whatever port, and leaves it alone", async () => {
  const port = await freePort();
  expect((await world.run(["server", "start", "--daemon", "--port", String(port)])).code).toBe(0);
  const up = world.start(["up", await world.formation("guest"), "--output", "json"]);
  await up.shows("\n");
  expect(JSON.parse(up.stdout()).server_url).toBe(`http://127.0.0.1:${port}`);
  up.kill("SIGINT");
  expect((await up.done).code).toBe(0);
  expect((await fetch(`http://127.0.0.1:${port}/health`)).status).toBe(200);
});

test("a key that is given to up reaches the formation on a server that runs without it, also after a change", async () => {
  expect((await world.run(["server", "start", "--daemon"])).code).toBe(0);
  const folder = await world.formation("keyed", { "SOUL.md": "Be kind." });
  const models = async (): Promise<string[]> => {
    const shown = await world.run(["agents", "--json", "-f", "keyed"]);
    return JSON.parse(shown.stdout).agents.map(({ model }: { model: string }) => model);
  };
  world.env.GROQ_API_KEY = "gsk-of-this-terminal";
  const up = world.start(["up", folder, "--watch"]);
  await up.shows("Watching its files");
  expect(up.stdout()).toContain("groq/llama-3.3-70b-versatile");
  await writeFile(join(folder, "SOUL.md"), "Be brief.");
  await up.shows("Restarted keyed");
  expect(await models()).toEqual(["groq/llama-3.3-70b-versatile"]);
  up.kill("SIGINT");
  expect((await up.done).code).toBe(0);
});

test("--watch, which is dev, starts the formation anew when its files change, and leaves it alone when they are wrong", async () => {
  const folder = await world.formation("watched", { "agents/one.afs": agentFile("one") });
  const up = world.start(["dev", folder, "--output", "json"]);
  const lines = () =>
    up
      .stdout()
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  await up.shows("\n");
  const [first] = lines();
  const agents = async (): Promise<string[]> => {
    const headers = { "x-muxi-admin-key": first.admin_key };
    const response = await fetch(`${first.draft_url}/v1/agents`, { headers });
    const { data } = await response.json();
    return data.agents.map(({ id }: { id: string }) => id);
  };
  expect(await agents()).toEqual(["one"]);

  await writeFile(join(folder, "agents/two.afs"), agentFile("two"));
  await until("it was started anew", () => lines().length === 2);
  expect(lines()[1]).toMatchObject({ formation_id: "watched", changed: ["agents/two.afs"] });
  expect(isAlive(first.pid)).toBe(false);
  expect(await agents()).toEqual(["one", "two"]);

  await writeFile(join(folder, "formation.afs"), "id: [broken\n");
  await writeFile(join(folder, "memory-of-mine.txt"), "not watched");
  await until("the error is told", () => lines().length === 3);
  expect(lines()[2]).toMatchObject({ problem: expect.stringContaining("keeps running as it was") });
  expect(await agents()).toEqual(["one", "two"]);
  up.kill("SIGINT");
  expect((await up.done).code).toBe(0);
  expect(lines()).toHaveLength(3);
  expect(isAlive(lines()[1].pid)).toBe(false);
});

test("--watch sees the script of a tool and what it imports, but not what it stores, and knowledge anywhere", async () => {
  const folder = await world.formation("watched-tool", {
    "agents/reader.afs": `${agentFile("reader")}knowledge: { sources: [{ path: guides/ }] }\n`,
    "guides/pears.md": "Pears.",
    "mcp/stock.afs": toolServer("stock", []).replace(/args: .*/, "args: [./servers/stock.mjs]"),
    "servers/stock.mjs": 'import "./lib/names.mjs";\n',
    "servers/lib/names.mjs": "export const names = [];\n",
  });
  const up = world.start(["up", folder, "--watch", "--output", "json"]);
  const changes = () =>
    up
      .stdout()
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line).changed);
  await up.shows("\n");
  const restarts = async (file: string, written: Record<string, string>) => {
    const before = changes().length;
    for (const [name, text] of Object.entries(written)) await writeFile(join(folder, name), text);
    await until(`${file} started it anew`, () => changes().length > before);
    expect(changes().at(-1)).toEqual([file]);
  };
  const names = "servers/lib/names.mjs";
  await restarts("servers/stock.mjs", { "servers/data.json": "{}", "servers/stock.mjs": "// Changed\n" });
  await restarts(names, { [names]: "export const names = [1];\n" });
  await restarts("servers/lib/names.mjs", { "servers/lib/names.mjs": "export const names = [2];\n" });
  // A server that comes later.
  await writeFile(join(folder, "late.mjs"), "");
  const late = toolServer("late", []).replace(/args: .*/, "args: [late.mjs]");
  await restarts("mcp/late.afs", { "mcp/late.afs": late });
  await restarts("late.mjs", { "late.mjs": "// Changed\n" });
  up.kill("SIGINT");
  expect((await up.done).code).toBe(0);
});

test("--watch has documents that change read by the process that runs", async () => {
  const folder = await world.formation("watched-shelf", {
    "agents/reader.afs": `${agentFile("reader")}knowledge: { sources: [{ path: knowledge }, { path: guides }] }\n`,
    "knowledge/plums.md": "Plums fall in August.",
    "guides/pears.md": "Pears ripen indoors.",
  });
  const up = world.start(["up", folder, "--watch", "--output", "json"]);
  const lines = () =>
    up
      .stdout()
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  await up.shows("\n");
  const [{ pid }] = lines();
  const found = async (question: string) =>
    (await world.run(["knowledge", "search", question, "-f", "watched-shelf"])).stdout;
  const isRead = async (documents: string[]) => {
    const before = lines().length;
    await until(`${documents} were read`, () => lines().length > before);
    expect(lines().at(-1)).toMatchObject({ formation_id: "watched-shelf", documents });
  };

  const edited = isRead(["guides/pears.md", "knowledge/plums.md"]);
  await writeFile(join(folder, "knowledge/plums.md"), "Plums fall in July.");
  await writeFile(join(folder, "guides/pears.md"), "Pears ripen in the cellar.");
  await edited;
  expect(await found("plums")).toContain("July");
  expect(await found("pears")).toContain("cellar");

  const changed = isRead(["guides/pears.md", "guides/quinces.md"]);
  await writeFile(join(folder, "guides/quinces.md"), "Quinces are hard.");
  await rm(join(folder, "guides/pears.md"));
  await changed;
  expect(await found("quinces")).toContain("hard");
  expect(await found("pears")).not.toContain("Pears");
  expect(isAlive(pid)).toBe(true);

  await writeFile(join(folder, "SOUL.md"), "Be kind.");
  await until("it was started anew", () => lines().at(-1).changed);
  expect(isAlive(pid)).toBe(false);
  up.kill("SIGINT");
  expect((await up.done).code).toBe(0);
});

describe("refuses", () => {
  test("a folder that is no formation", async () => {
    const outcome = await world.run(["up"]);
    expect(outcome).toMatchObject({ code: 1, stdout: "" });
    expect(outcome.stderr).toMatch(/^✗ Not in a formation directory\n/);
    expect(outcome.stderr).toContain("muxi new formation");
  });

  test("a folder that does not exist", async () => {
    const { code, stderr } = await world.run(["up", "nowhere"]);
    expect(code).toBe(1);
    expect(stderr).toContain("does not exist");
  });

  test("a manifest with a syntax error, naming file and line", async () => {
    const folder = await world.formation("broken", { "formation.afs": 'schema: "1.0.0"\nid: [broken\n' });
    const outcome = await world.run(["up", folder]);
    expect(outcome).toMatchObject({ code: 1, stdout: "" });
    expect(outcome.stderr).toContain("formation.afs:");
    expect(outcome.stderr).toContain("is not valid YAML at line");
  });

  test("a missing secret, naming it and its field; as data with --output json", async () => {
    const manifest = `schema: "1.0.0"\nid: secretive\ndescription: x\nserver:\n  api_keys:\n    client_key: "\${{ secrets.CLIENT_KEY }}"\n`;
    const folder = await world.formation("secretive", { "formation.afs": manifest });
    const { code, stdout, stderr } = await world.run(["up", folder, "--output", "json"]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    const { error } = JSON.parse(stderr);
    expect(error.detail.join("\n")).toMatch(/server\.api_keys\.client_key[\s\S]*CLIENT_KEY/);
  });

  test("a port that another program uses, naming --port", async () => {
    const other = createServer((_request, response) => response.end("I am a teapot")).listen(
      world.port,
      "127.0.0.1",
    );
    await once(other, "listening");
    try {
      const { code, stderr } = await world.run(["up", await world.formation("late")]);
      expect(code).toBe(1);
      expect(stderr).toContain(`✗ Port ${world.port} is in use by another program`);
      expect(stderr).toContain("--port");
    } finally {
      other.close();
    }
  });

  test("server settings that are wrong", async () => {
    const folder = await world.formation("settings", {
      "../.muxi/server/config.yaml": "server:\n  port: seven\n",
    });
    const { code, stderr } = await world.run(["up", folder]);
    expect(code).toBe(1);
    expect(stderr).toContain("The server's settings are invalid");
    expect(stderr).toContain("server.port");
  });
});

test("a server with credentials is used with those of its own settings", async () => {
  const key = "muxi_pk_0123456789abcdef01234567";
  const secret = "muxi_sk_0123456789abcdef0123456789abcdef0123456789abcdef01234567";
  const config = `server:\n  host: 127.0.0.1\nauth:\n  enabled: true\n  key: ${key}\n  secret: ${secret}\n`;
  const folder = await world.formation("guarded", { "../.muxi/server/config.yaml": config });
  const outcome = await world.run(["up", folder, "--detach"]);
  expect(outcome).toMatchObject({ code: 0, stderr: "" });
  expect((await fetch(`http://127.0.0.1:${world.port}/rpc/server/status`)).status).toBe(401);
  expect((await world.run(["down", "guarded"])).code).toBe(0);
});
