import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as z from "zod";
import { pack, publishedPackages, readPackage } from "./packed.ts";
import { freePort, portRange } from "./ports.ts";

const run = promisify(execFile);
const root = path.join(import.meta.dirname, "..");

const startedSchema = z.object({ server_url: z.string(), formation_id: z.string(), client_key: z.string() });

/** The folders of the packages of others that an installation brings along: they come from here, not from the network. */
const thirdParty = (): string[] => {
  const ours = new Set(publishedPackages.map(({ name }) => name));
  const folders = new Set<string>();
  const add = (from: ReturnType<typeof readPackage>) => {
    for (const name of Object.keys(from.dependencies)) {
      const folder = [from.folder, root]
        .map((base) => path.join(base, "node_modules", name))
        .find(existsSync);
      if (folder === undefined) throw new Error(`${name}, which ${from.name} needs, is not installed`);
      if (ours.has(name) || folders.has(folder)) continue;
      folders.add(folder);
      add(readPackage(folder));
    }
  };
  for (const each of publishedPackages) add(each);
  return [...folders];
};

/** An empty project with the packed packages, installed from files alone. */
let project = "";
let env: NodeJS.ProcessEnv = {};
const muxi = () => path.join(project, "node_modules/.bin/muxi");

beforeAll(async () => {
  project = await mkdtemp(path.join(tmpdir(), "muxi-install-"));
  env = {
    PATH: process.env.PATH,
    HOME: project,
    MUXI_SERVER_PORT: String(await freePort()),
    ...(await portRange()),
  };
  const packed = await pack([...publishedPackages.map(({ folder }) => folder), ...thirdParty()], project);
  await writeFile(path.join(project, "package.json"), JSON.stringify({ name: "empty", private: true }));
  const options = ["--offline", "--cache", path.join(project, "cache"), "--no-audit", "--no-fund"];
  await run("npm", ["install", ...options, ...packed.map(({ tarball }) => tarball)], { cwd: project, env });
});

afterAll(() => rm(project, { recursive: true, force: true }));

test("an installation brings the published packages and no other of this repository", async () => {
  const modules = path.join(project, "node_modules");
  expect((await readdir(path.join(modules, "@muxi"))).sort()).toEqual(["near-words", "runtime", "server"]);
  expect(await readdir(modules)).toEqual(expect.arrayContaining(["muxi", "muxi-client", "pg"]));
});

/** What `muxi up --output json` prints once the formation answers. */
const readStarted = async (output: Readable) => {
  for await (const line of createInterface({ input: output })) return startedSchema.parse(JSON.parse(line));
  throw new Error("muxi up ended without a word");
};

/** The same program in both kinds of module: a chat, and what of it is kept. */
const program = (importClient: string) => `
${importClient}
const [serverUrl, formationId, clientKey] = process.argv.slice(2);
const main = async () => {
  const formation = new FormationClient({ serverUrl, formationId, mode: "draft", clientKey });
  let text = "";
  let sessionId;
  for await (const event of formation.chatStream({ message: "Russets keep until December." }, { userId: "ann" })) {
    if (event.type === "text") text += event.text;
    if (event.type === "done") sessionId = event.session_id;
  }
  const { messages } = await formation.getSessionMessages({ sessionId, userId: "ann" });
  console.log(JSON.stringify({ isAnswered: text !== "", messages: messages.map(({ role }) => role) }));
};
main();
`;

test("the installed muxi makes a formation and runs it; the installed SDK chats with it, imported and required", async () => {
  await run(muxi(), ["new", "formation", "orchard-help", "--no-wizard"], { cwd: project, env });
  const up = spawn(muxi(), ["up", "orchard-help", "--output", "json"], {
    cwd: project,
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(up, "exit");
  try {
    const { server_url, formation_id, client_key } = await readStarted(up.stdout);
    await writeFile(
      path.join(project, "chat.mjs"),
      program('import { FormationClient } from "muxi-client";'),
    );
    await writeFile(
      path.join(project, "chat.cjs"),
      program('const { FormationClient } = require("muxi-client");'),
    );
    for (const file of ["chat.mjs", "chat.cjs"]) {
      const args = [file, server_url, formation_id, client_key];
      const { stdout, stderr } = await run(process.execPath, args, { cwd: project, env });
      expect(stderr).toBe("");
      expect(JSON.parse(stdout)).toEqual({ isAnswered: true, messages: ["user", "assistant"] });
    }
  } finally {
    up.kill("SIGINT");
    await exited;
  }
});
