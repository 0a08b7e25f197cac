import { execFile } from "node:child_process";
import { appendFile, cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { FormationClient, type MuxiError } from "muxi-client";
import { parse, verifySignature, type WebhookEvent } from "muxi-client/webhook";
import ts from "typescript";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createWorld, type World } from "../packages/cli/test/helpers.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const run = promisify(execFile);

const clientKey = "fmc_of_the_page";
const adminKey = "fma_of_the_page";
const userId = "user_123";

let world: World;
let serverUrl = "";
/** A folder inside the SDK's package, so that a snippet imports it by its name; git and lint leave it out. */
let folder = "";
let credentials = { key_id: "", secret_key: "" };

const muxi = async (...args: string[]) => {
  const { code, stdout, stderr } = await world.run(args);
  if (code !== 0) throw new Error(`muxi ${args.join(" ")} ended with ${code}:\n${stdout}${stderr}`);
  return stdout;
};

beforeAll(async () => {
  world = await createWorld();
  serverUrl = `http://localhost:${world.port}`;
  const made = await muxi("server", "init", "--yes", "--port", String(world.port), "--output", "json");
  credentials = JSON.parse(made);
  await muxi("server", "start", "--daemon");
  const { key_id, secret_key } = credentials;
  world.env.MUXI_SERVER_URL = serverUrl;
  world.env.MUXI_KEY_ID = key_id;
  world.env.MUXI_SECRET_KEY = secret_key;
  const assistant = path.join(world.home, "my-assistant");
  await cp(path.join(root, "examples/my-assistant"), assistant, { recursive: true });
  await appendFile(
    path.join(assistant, "formation.afs"),
    `\nserver:\n  api_keys:\n    client_key: ${clientKey}\n    admin_key: ${adminKey}\n`,
  );
  await muxi("deploy", assistant);

  const packageFolder = path.join(root, "packages/client");
  await mkdir(path.join(packageFolder, ".snippets"), { recursive: true });
  folder = await mkdtemp(path.join(packageFolder, ".snippets/page-"));
  const bot = await world.formation("my-bot", {
    "formation.afs": 'schema: "1.0.0"\nid: my-bot\ndescription: A bot\nversion: "1.0.0"\n',
  });
  await run("tar", ["-czf", path.join(folder, "my-bot.tar.gz"), "-C", world.home, path.basename(bot)]);
}, 120_000);

afterAll(async () => {
  await world.run(["server", "stop"]);
  await world.close();
  await rm(folder, { recursive: true, force: true });
});

const formation = () => new FormationClient({ serverUrl, formationId: "my-assistant", clientKey, adminKey });

/** Node runs TypeScript, but not with elements in it. */
const runnable = (code: string, kind: string) => {
  if (kind === "ts") return { code, extension: "ts" };
  const compilerOptions = {
    jsx: ts.JsxEmit.ReactJSX,
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.ESNext,
  };
  return { code: ts.transpileModule(code, { compilerOptions }).outputText, extension: "js" };
};

test("every snippet of the SDK's page runs against a server with the formation it speaks of", async () => {
  const page = await readFile(path.join(root, "packages/client/README.md"), "utf8");
  const snippets = [...page.matchAll(/```(tsx?)\n(.*?)```/gs)];
  expect(snippets.length).toBeGreaterThan(8);
  const outputs: string[] = [];
  // One after the other: they are about the same user.
  for (const [index, [, kind = "", text = ""]] of snippets.entries()) {
    const { code, extension } = runnable(text.replaceAll("http://localhost:7890", serverUrl), kind);
    const file = path.join(folder, `snippet-${index}.${extension}`);
    await writeFile(file, code);
    const { stdout } = await run(process.execPath, ["--conditions=muxi-source", "--no-warnings", file], {
      cwd: folder,
      env: {
        PATH: process.env.PATH,
        MUXI_CLIENT_KEY: clientKey,
        MUXI_ADMIN_KEY: adminKey,
        MUXI_KEY_ID: credentials.key_id,
        MUXI_SECRET_KEY: credentials.secret_key,
      },
    });
    outputs.push(stdout);
  }
  const output = outputs.join("");
  for (const line of [
    "healthy", // The formation's health
    "Ada", // A conversation that goes on
    "assistant Assistant", // Agents
    "The daily report lists", // A trigger's answer, from what the agent knows
    "1 job in the group", // A method of a group
    "The key is wrong", // An error's class
    "req_1 Done", // A webhook
    "complete running", // A restart as it goes on
    "state: 'done'", // The AI SDK's parts
  ]) {
    expect(output).toContain(line);
  }
}, 120_000);

test("a loop that deletes what it reads skips nothing, over any number of pages", async () => {
  const eve = formation().as("eve");
  for (const part of [100, 50]) {
    const items = Array.from({ length: part }, (_, index) => ({
      content: `Note ${part} ${index}`,
      source: "notes",
      source_id: `${part}-${index}`,
    }));
    await eve.ingestMemories({ items });
  }
  const deleted: string[] = [];
  for await (const { id } of eve.getMemories()) {
    await eve.deleteMemory({ memoryId: id });
    deleted.push(id);
  }
  expect(new Set(deleted).size).toBe(150);
  expect((await eve.getMemories()).memories).toEqual([]);
});

test("memories, jobs and sessions are there, for their user alone", async () => {
  const ann = formation().as("ann");
  const bob = formation().as("bob");
  const memory = await ann.addMemory({ memType: "preference", detail: "Prefers Russets" });
  const { memories } = await ann.getMemories();
  expect(memories.map(({ id }) => id)).toContain(memory.id);
  expect((await bob.getMemories()).memories).toEqual([]);
  await expect(bob.deleteMemory({ memoryId: memory.id })).rejects.toMatchObject({ name: "NotFoundError" });

  const job = await ann.createSchedulerJob({
    jobType: "prompt",
    schedule: "0 9 * * *",
    message: "Summarise",
  });
  expect((await ann.getSchedulerJobs()).jobs.map(({ id }) => id)).toEqual([job.id]);
  expect((await bob.getSchedulerJobs()).jobs).toEqual([]);
  await ann.deleteSchedulerJob({ jobId: job.id });

  const { session_id } = await ann.chat({ message: "Which project moves in March?" });
  expect((await ann.getSessions()).sessions.map((session) => session.session_id)).toEqual([session_id]);
  const { messages } = await ann.getSessionMessages({ sessionId: session_id });
  expect(messages.map(({ role }) => role)).toEqual(["user", "assistant"]);
  expect((await bob.getSessionMessages({ sessionId: session_id })).messages).toEqual([]);
  expect(await ann.clearUserBuffer()).toMatchObject({ messages_cleared: 2 });
});

test("a background request is delivered to a webhook, signed", async () => {
  const received: Promise<WebhookEvent> = new Promise((resolve, reject) => {
    const receiver = createServer(async (request, response) => {
      const pieces: Buffer[] = [];
      for await (const piece of request) pieces.push(piece);
      const payload = Buffer.concat(pieces);
      response.writeHead(204).end();
      receiver.close();
      const signature = String(request.headers["x-muxi-signature"]);
      if (await verifySignature(payload, signature, adminKey)) resolve(parse(payload));
      else reject(new Error("the signature is wrong"));
    }).listen(0, "127.0.0.1", async () => {
      const { port } = receiver.address() as AddressInfo;
      const webhook_url = `http://127.0.0.1:${port}/hook`;
      await formation()
        .chat({ message: "When does the team work?", mode: "async", webhook_url }, { userId })
        .catch((error: MuxiError) => reject(error));
    });
  });
  const { status, requestId, content } = await received;
  expect(status).toBe("completed");
  expect(content[0]?.text).toContain("nine to five");
  expect(await formation().getRequest({ requestId, userId })).toMatchObject({ status: "completed" });
});
