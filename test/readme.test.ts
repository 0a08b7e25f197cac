import { execFile, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as z from "zod";
import { freePort, portRange } from "./ports.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const muxi = path.join(root, "packages/cli/bin/muxi.js");
const run = promisify(execFile);

const startedSchema = z.object({
  server_url: z.string(),
  formation_id: z.string(),
  client_key: z.string(),
});

let home = "";
let started: z.infer<typeof startedSchema>;
let env: NodeJS.ProcessEnv = {};
let stop = async () => {};

/** The first block of a language in the README that holds a text. */
const snippet = async (language: string, holding: string): Promise<string> => {
  const readme = await readFile(path.join(root, "README.md"), "utf8");
  const blocks = [...readme.matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\`$`, "gm"))];
  const block = blocks.map(([, body]) => body ?? "").find((body) => body.includes(holding));
  if (block === undefined) throw new Error(`README.md has no ${language} block with ${holding}`);
  return block;
};

beforeAll(async () => {
  home = await mkdtemp(path.join(tmpdir(), "muxi-readme-"));
  await cp(path.join(root, "examples/hello"), path.join(home, "hello"), { recursive: true });
  env = {
    PATH: process.env.PATH,
    HOME: home,
    MUXI_CONFIG_DIR: path.join(home, "server"),
    MUXI_DATA_DIR: path.join(home, "server"),
    ...(await portRange()),
  };
  const up = spawn(
    process.execPath,
    [muxi, "up", path.join(home, "hello"), "--port", String(await freePort()), "--output", "json"],
    { env, stdio: ["ignore", "pipe", "inherit"] },
  );
  stop = async () => {
    up.kill("SIGINT");
    await once(up, "exit");
  };
  for await (const line of createInterface({ input: up.stdout })) {
    started = startedSchema.parse(JSON.parse(line));
    break;
  }
  env = { ...env, MUXI_CLIENT_KEY: started.client_key };
});

afterAll(async () => {
  await stop();
  await rm(home, { recursive: true, force: true });
});

test("the program of the README streams an answer and reads the session back", async () => {
  const program = (await snippet("ts", "FormationClient")).replace(
    "http://localhost:7890",
    started.server_url,
  );
  const node = spawn(process.execPath, ["--input-type=module-typescript", "--conditions=muxi-source", "-"], {
    cwd: root,
    env,
    stdio: ["pipe", "pipe", "inherit"],
  });
  node.stdin.end(program);
  let output = "";
  for await (const bytes of node.stdout) output += bytes;
  expect(output).toMatch(/Russet/);
  expect(output).toMatch(/2\n$/);
});

const hasCurl = spawnSync("curl", ["--version"]).status === 0;

test.skipIf(!hasCurl)("the curl call of the README answers with an event stream", async () => {
  const call = (await snippet("sh", "curl")).replace("http://localhost:7890", started.server_url);
  const { stdout } = await run("sh", ["-c", call], { env });
  expect(stdout).toMatch(/^id: 1\nevent: progress\n/);
  expect(stdout).toMatch(/event: done\n/);
});

test("a running formation describes itself, with the address at which it was asked", async () => {
  const document = await (await fetch(`${started.server_url}/draft/hello/openapi.json`)).json();
  const { servers } = z.object({ servers: z.array(z.object({ url: z.string() })) }).parse(document);
  expect(servers).toHaveLength(1);
  expect((await fetch(`${servers[0]?.url}/v1/health`)).status).toBe(200);
});

test("the formation of the README is valid", async () => {
  const folder = path.join(home, "orchard-help");
  await mkdir(path.join(folder, "knowledge"), { recursive: true });
  await writeFile(path.join(folder, "knowledge", "apples.md"), "# Apples\n\nRussets keep until December.\n");
  await writeFile(path.join(folder, "formation.afs"), await snippet("yaml", "orchard-help"));
  const { stdout } = await run(process.execPath, [muxi, "validate", folder], { env });
  expect(stdout).toContain("'orchard-help' is valid");
});

test("every command of the README is known", async () => {
  const readme = await readFile(path.join(root, "README.md"), "utf8");
  const commands = new Set([...readme.matchAll(/npx muxi (\w+)/g)].map(([, command]) => command ?? ""));
  expect(commands.size).toBeGreaterThan(3);
  for (const command of commands) await run(process.execPath, [muxi, command, "--help"], { env });
});
