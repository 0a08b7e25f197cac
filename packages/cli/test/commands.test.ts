import { execFile } from "node:child_process";
import { readFile, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writeCertificate } from "../../../test/certificate.ts";
import packageJson from "../package.json" with { type: "json" };
import { createWorld, isAlive, type World } from "./helpers.ts";

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

test("--version", async () => {
  expect(await world.run(["--version"])).toEqual({
    code: 0,
    stdout: `muxi version ${packageJson.version}\n`,
    stderr: "",
  });
});

test("no command, and --help, show the commands in groups", async () => {
  const help = await world.run(["--help"]);
  expect(help).toMatchObject({ code: 0, stderr: "" });
  expect(help.stdout).toMatch(/Formation:\n {2}up [\s\S]*Servers:\n {2}deploy [\s\S]*Setup:\n {2}profiles/);
  expect(await world.run([])).toEqual(help);
});

test.each([
  [["upp"], "✗ Unknown command 'upp'\n  Did you mean up?\n  Run: muxi --help\n"],
  [["up", "--detch"], "✗ Unknown option '--detch'\n  Did you mean --detach?\n  Run: muxi up --help\n"],
  [["up", "--port", "lots"], "It must be a number from 1 to 65535."],
  [["validate", "--output", "xml"], "Allowed choices are text, json"],
])("%j is refused with a suggestion", async (args, message) => {
  const { code, stdout, stderr } = await world.run(args);
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toContain(message);
});

test("validate: valid, with warnings, and as data", async () => {
  const folder = await world.formation("valid");
  expect(await world.run(["validate"], { cwd: folder })).toEqual({
    code: 0,
    stdout: "✓ Formation 'valid' is valid\n",
    stderr: "",
  });
  expect((await world.run(["validate", "-v", folder])).stdout).toContain("suggestion(s)");
  const data = await world.run(["validate", folder, "--output", "json"]);
  expect(JSON.parse(data.stdout)).toMatchObject({
    valid: true,
    formation_id: "valid",
    errors: [],
    warnings: [],
  });
});

test("validate: names file, field, problem and remedy of every error, and writes nothing", async () => {
  const folder = await world.formation("wrong", {
    "formation.afs": 'schema: "1.0.0"\nid: wrong\nserver:\n  port: 99999\nagents: [ghost]\n',
  });
  const { code, stdout } = await world.run(["validate", folder]);
  expect(code).toBe(1);
  expect(stdout).toContain("Found 3 error(s)");
  expect(stdout).toMatch(/formation\.afs.* → description\n {4}is required/);
  expect(stdout).toMatch(/formation\.afs:4 → server\.port\n {4}must be at most 65535/);
  expect(stdout).toContain("ghost");
  await expect(stat(join(folder, ".key"))).rejects.toThrow("ENOENT");
});

test("an id that no server takes: validate warns, up runs it as a draft, and deploy refuses it", async () => {
  const folder = await world.formation("my_Bot");
  const warning = /formation\.afs:2 → id\n {4}runs from its folder, but cannot be deployed\n {4}Use 3 to 50/;
  const validated = await world.run(["validate", folder]);
  expect(validated.code).toBe(0);
  expect(validated.stdout).toMatch(warning);

  const up = await world.run(["up", folder, "--detach"]);
  expect(up.code).toBe(0);
  expect(up.stderr).toMatch(/formation\.afs:2 → id\n +runs from its folder/);
  const health = await fetch(`http://127.0.0.1:${world.port}/draft/my_Bot/v1/health`);
  expect(health.status).toBe(200);
  expect((await world.run(["down"], { cwd: folder })).code).toBe(0);

  const deployed = await world.run(["deploy", folder]);
  expect(deployed.code).toBe(1);
  expect(deployed.stderr).toMatch(/formation\.afs:2 → id\n +cannot be deployed/);
});

test("new formation: makes a folder that is valid and runs", async () => {
  const made = await world.run(["new", "formation", "My Bot", "--description", "Knows bots", "--no-wizard"]);
  expect(made).toMatchObject({ code: 0, stderr: "" });
  expect(made.stdout).toContain("✓ Created my-bot in my-bot");
  expect(made.stdout).toContain("cd my-bot");
  const folder = join(world.home, "my-bot");
  expect(await readFile(join(folder, "formation.afs"), "utf8")).toContain("Knows bots");
  expect((await stat(join(folder, ".key"))).mode & 0o777).toBe(0o600);
  expect((await world.run(["validate", folder])).code).toBe(0);
  expect((await world.run(["up", folder, "--detach"])).code).toBe(0);
  expect((await world.run(["chat", "Hello"], { cwd: folder })).code).toBe(0);
  expect((await world.run(["down"], { cwd: folder })).code).toBe(0);
});

test("new formation: refuses a bad name, an existing folder, a formation in a formation and no name", async () => {
  const folder = await world.formation("outer");
  const refused = async (args: string[], cwd = world.home) => {
    const { code, stderr } = await world.run(["new", "formation", ...args], { cwd });
    expect(code).toBe(1);
    return stderr;
  };
  expect(await refused(["1st"])).toContain("cannot be used as a name");
  expect(await refused(["outer"])).toContain("already exists");
  expect(await refused(["inner"], folder)).toContain("a formation cannot hold another");
  expect(await refused([])).toContain("needs a name");
});

test("secrets: a missing one is set from a pipe, kept encrypted, listed by name and deleted", async () => {
  const folder = await world.formation("keeper", {
    "formation.afs":
      'schema: "1.0.0"\nid: keeper\ndescription: x\nllm:\n  api_keys:\n    openai: "${{ secrets.OPENAI_API_KEY }}"\n',
  });
  const inFolder = { cwd: folder };
  expect((await world.run(["validate"], inFolder)).stdout).toContain("muxi secrets set OPENAI_API_KEY");
  const set = await world.run(["secrets", "set", "OPENAI_API_KEY"], { ...inFolder, input: "sk-a secret\n" });
  expect(set).toEqual({ code: 0, stdout: "✓ Stored OPENAI_API_KEY, encrypted\n", stderr: "" });
  expect((await world.run(["validate"], inFolder)).code).toBe(0);
  expect(await readFile(join(folder, "secrets.enc"), "utf8")).not.toContain("secret");
  expect((await world.run(["secrets", "list"], inFolder)).stdout).toBe("OPENAI_API_KEY\n");
  expect((await world.run(["secrets", "get", "OPENAI_API_KEY"], inFolder)).stdout).toBe("sk-a secret\n");

  expect((await world.run(["secrets", "delete", "OPENAI_API_KEY"], inFolder)).code).toBe(0);
  const gone = await world.run(["secrets", "get", "OPENAI_API_KEY"], inFolder);
  expect(gone).toMatchObject({ code: 1, stdout: "" });
  expect(gone.stderr).toContain("There is no secret 'OPENAI_API_KEY'");
  expect((await world.run(["secrets", "list"])).stderr).toContain("Not in a formation directory");
});

test("new: every part of a formation, which stays valid", async () => {
  expect((await world.run(["new", "formation", "parts", "--no-wizard"])).code).toBe(0);
  const inFolder = { cwd: join(world.home, "parts") };
  for (const kind of ["agent", "mcp", "sop", "trigger", "a2a"]) {
    const { code, stdout } = await world.run(["new", kind, `My ${kind}`, "--output", "json"], inFolder);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ kind, id: `my-${kind}` });
  }
  expect(await readFile(join(inFolder.cwd, "formation.afs"), "utf8")).toContain(
    "  - assistant\n  - my-agent\n",
  );
  const { stdout } = await world.run(["validate"], inFolder);
  expect(stdout).toMatch(
    /^✓ Formation 'parts' is valid\nFound 1 warning\(s\)\n {2}a2a\/my-a2a\.afs\n {4}has no effect/,
  );
  const again = await world.run(["new", "agent", "my-agent"], inFolder);
  expect(again).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("agents/my-agent.afs already exists"),
  });
  expect((await world.run(["new", "agent", "lost"])).stderr).toContain("Not in a formation directory");
});

test("secrets: setup tells what is missing, and sync makes the template say it", async () => {
  const folder = await world.formation("needy", {
    "agents/a.afs": 'schema: "1.0.0"\nid: a\nname: A\ndescription: "${{ secrets.ONE }} ${{ secrets.TWO }}"\n',
    secrets: "OLD=\n",
  });
  const inFolder = { cwd: folder };
  await world.run(["secrets", "set", "ONE", "1"], inFolder);
  expect((await world.run(["secrets", "list"], inFolder)).stdout).toContain("ONE\nTWO (missing)\n");
  const setup = await world.run(["secrets", "setup"], inFolder);
  expect(setup.code).toBe(1);
  expect(setup.stderr).toMatch(
    /1 secret\(s\) are not set\n {2}TWO \(agents\/a\.afs\)\n {2}muxi secrets set TWO/,
  );

  expect((await world.run(["secrets", "sync", "--dry-run"], inFolder)).stdout).toBe(
    "Would add TWO\nWould remove OLD\n",
  );
  const synced = await world.run(["secrets", "sync"], inFolder);
  expect(synced).toMatchObject({ code: 0, stderr: expect.stringContaining("TWO (agents/a.afs)") });
  expect(await readFile(join(folder, "secrets"), "utf8")).toBe("ONE=\nTWO=\n");
});

test("completion: bash completes commands, options and what follows an id", async () => {
  const { stdout: script } = await world.run(["completion", "bash"]);
  const complete = async (...words: string[]): Promise<string[]> => {
    const run = `${script}\nCOMP_WORDS=(muxi ${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${words.length}; _muxi; echo "\${COMPREPLY[@]}"`;
    return (await promisify(execFile)("bash", ["-c", run])).stdout.trim().split(" ");
  };
  expect(await complete("rem")).toEqual(["remote"]);
  expect(await complete("remote", "st")).toEqual(["start", "stop"]);
  expect(await complete("remote", "logs", "my-bot", "--fo")).toEqual(["--follow"]);
  for (const shell of ["zsh", "fish"]) {
    expect((await world.run(["completion", shell])).stdout).toContain("rollback");
  }
  expect((await world.run(["completion", "tcsh"])).code).toBe(1);
});

test("server init: credentials once, as a line of JSON, and a server that asks for them", async () => {
  const other = await createWorld();
  try {
    const init = ["server", "init", "--yes", "--port", String(other.port), "--output", "json"];
    const made = await other.run(init);
    expect(made).toMatchObject({ code: 0, stderr: "" });
    const { key_id, secret_key, config_path } = JSON.parse(made.stdout);
    expect((await stat(config_path)).mode & 0o777).toBe(0o600);
    expect(await other.run(init)).toMatchObject({
      code: 1,
      stdout: "",
      stderr: expect.stringContaining("--force"),
    });

    expect((await other.run(["server", "start", "--daemon"])).code).toBe(0);
    const url = `http://127.0.0.1:${other.port}`;
    expect((await fetch(`${url}/rpc/server/status`)).status).toBe(401);
    expect((await other.run(["server", "status"])).code).toBe(0);
    const added = await other.run([
      "profiles",
      "add",
      "mine",
      "--url",
      url,
      "--key-id",
      key_id,
      "--secret-key",
      secret_key,
    ]);
    expect(added.code).toBe(0);
    expect((await other.run(["profiles", "status", "--profile", "mine"])).stdout).toContain("0 deployed");

    // Open to other machines, and therefore closed to folders that nobody named.
    const refused = await other.run(["up", await other.formation("stranger")]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(`Add this to ${config_path} and restart the server`);
    expect(refused.stderr).toContain(`roots: [${other.home}]`);

    const replaced = await other.run(["server", "init", "--yes", "--force", "--port", String(other.port)]);
    expect(replaced.stdout).toContain("stop it and start it again");
    const stale = await other.run(["server", "status"]);
    expect(stale.stderr).toMatch(/Invalid key[\s\S]*muxi server stop, then muxi server start/);
  } finally {
    await other.close();
  }
});

test("server: start, status and stop", async () => {
  const down = await world.run(["server", "status"]);
  if (down.code === 0) await world.run(["server", "stop"]);
  expect((await world.run(["server", "status"])).stdout).toBe(
    `○ No server is running on http://127.0.0.1:${world.port}\n`,
  );

  const started = await world.run(["server", "start", "--daemon", "--output", "json"]);
  expect(started.code).toBe(0);
  const { pid } = JSON.parse(started.stdout);
  expect(isAlive(pid)).toBe(true);
  expect((await world.run(["server", "start", "--daemon"])).stderr).toContain("already running");
  const status = await world.run(["server", "status"]);
  expect(status.code).toBe(0);
  expect(status.stdout).toContain(`● Server running on http://127.0.0.1:${world.port}`);

  expect((await world.run(["server", "stop"])).code).toBe(0);
  expect(isAlive(pid)).toBe(false);
  const again = await world.run(["server", "stop"]);
  expect(again.code).toBe(0);
  expect(again.stderr).toContain("The server is not running");
});

test("a server with TLS, for whatever name, is started, asked, used and stopped like any other", async () => {
  const other = await createWorld();
  try {
    const made = await other.run(["server", "init", "--host", "127.0.0.1", "--yes", "--output", "json"]);
    const { config_path: config } = JSON.parse(made.stdout);
    await writeCertificate(dirname(config), "muxi.example.org", "DNS:muxi.example.org");
    const text = await readFile(config, "utf8");
    await writeFile(config, text.replace("server:", "server:\n  tls: { cert: cert.pem, key: key.pem }"));

    const url = `https://127.0.0.1:${other.port}`;
    const started = await other.run(["server", "start", "--daemon"]);
    expect(started.stdout, started.stderr).toContain(`✓ Server running on ${url}`);
    expect((await other.run(["server", "status"])).stdout).toContain(`● Server running on ${url}`);
    const folder = await other.formation("behind-tls");
    expect(await other.run(["up", folder, "--detach"])).toMatchObject({ code: 0, stderr: "" });
    expect((await other.run(["chat", "Hello"], { cwd: folder })).stdout).toContain("built-in model");
    expect((await other.run(["down", "behind-tls"])).code).toBe(0);
    expect((await other.run(["deploy", folder])).stdout).toContain("running!");
    const keys = ["--key-id", "k", "--secret-key", "s"];
    // In a process of its own: this one trusts the certificate by now.
    const stranger = await other.start(["profiles", "add", "tls", "--url", url, ...keys]).done;
    expect(stranger.stderr).toMatch(/The certificate of 'tls'.* is not trusted\b[\s\S]*NODE_EXTRA_CA_CERTS/);
    expect((await other.run(["server", "stop"])).stdout).toContain("✓ Stopped");
  } finally {
    await other.close();
  }
});

test("server: passes on what is the server's own to tell", async () => {
  expect((await world.run(["server", "version"])).stdout).toMatch(/^muxi-server version \d/);
  const config = await world.run(["server", "config", "show"]);
  expect(config.code).toBe(0);
  expect(config.stdout).toMatch(/^Config file +none, using defaults/);
  expect((await world.run(["server", "config", "edit"])).code).toBe(1);
});

test("server start stays on the terminal and ends with Ctrl+C", async () => {
  const other = await createWorld();
  try {
    const server = other.start(["server", "start"]);
    await server.shows("server listening");
    server.kill("SIGINT");
    expect((await server.done).code).toBe(0);
  } finally {
    await other.close();
  }
});
