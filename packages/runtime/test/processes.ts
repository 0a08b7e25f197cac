import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { McpServer } from "@modelcontextprotocol/server";
import { pino } from "pino";
import { onTestFinished } from "vitest";
import * as z from "zod";
import { type Database, openPostgres, openSqlite } from "../src/store/index.ts";
import { type Api, apiAt, keys, manifest, writeFormation } from "./harness.ts";
import { startHttpMcp } from "./mcp-servers.ts";
import { type ReceivedRequest, type ReplyScript, writtenIn } from "./model-server.ts";
import { createSchema, onPostgres } from "./postgres.ts";

const main = fileURLToPath(import.meta.resolve("../bin/muxi-runtime.js"));
const impatient = fileURLToPath(import.meta.resolve("./runtime-process.ts"));

/** A runtime in a process of its own. */
export interface Started {
  child: ChildProcess;
  api: Api;
  /** Ends it at once, as a crash would. */
  crash(): Promise<void>;
}

const spawnRuntime = async (
  args: readonly string[],
  port = 0,
  env: Readonly<Record<string, string>> = {},
): Promise<Started> => {
  const child = spawn(process.execPath, args, {
    env: { PATH: process.env.PATH, HOST: "127.0.0.1", PORT: String(port), ...env },
    stdio: ["ignore", "ignore", process.env.MUXI_TEST_SHOW ? "inherit" : "pipe", "ipc"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  let said = "";
  const hear = (bytes: Buffer) => {
    said += bytes;
  };
  child.stderr?.on("data", hear);
  const exited = once(child, "exit");
  const ended = once(child, "close").then(([code]) =>
    Promise.reject(new Error(`the runtime ended with ${code} before it was up, and said: ${said}`)),
  );
  const [message] = await Promise.race([once(child, "message"), ended]);
  child.stderr?.off("data", hear).resume();
  return {
    child,
    api: apiAt(`http://127.0.0.1:${message.port}`),
    async crash() {
      child.kill("SIGKILL");
      await exited;
    },
  };
};

/** Runs the built runtime, as a user does. */
export const startBuilt = (
  folder: string,
  port?: number,
  env?: Readonly<Record<string, string>>,
): Promise<Started> => spawnRuntime([main, folder], port, env);

/**
 * Runs the runtime from its source, with a lease of so many milliseconds, on a machine whose clock is so many
 * milliseconds ahead. The clock can be set while it runs: send it `{ clock: milliseconds }`.
 */
export const startImpatient = (folder: string, leaseTime: number, ahead = 0): Promise<Started> =>
  spawnRuntime(["--conditions=muxi-source", impatient, folder, String(leaseTime), String(ahead)]);

/** Runs the built runtime where it cannot start, and tells what it says. */
export const startAndEnd = async (folder: string): Promise<{ code: number | null; output: string }> => {
  const child = spawn(process.execPath, [main, folder], {
    env: { PATH: process.env.PATH, HOST: "127.0.0.1", PORT: "0" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  let output = "";
  for (const pipe of [child.stdout, child.stderr]) {
    pipe.on("data", (bytes) => {
      output += bytes;
    });
  }
  const [code] = await once(child, "close");
  return { code, output };
};

/** An empty database of the engine of this run; what is given opens it, as often as one likes. */
export const emptyDatabase = async (): Promise<() => Promise<Database>> => {
  if (onPostgres) {
    const url = await createSchema();
    return () => openPostgres(url, { queryTimeout: 30, log: pino({ level: "silent" }) });
  }
  const dir = mkdtempSync(path.join(tmpdir(), "muxi-database-"));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return async () => openSqlite(path.join(dir, "memory.db"));
};

/** A formation with a model and, where named, a tool and a database. */
export const writeTestFormation = (
  modelUrl: string,
  {
    toolUrl,
    database,
    persistent = {},
    more = "",
    files,
  }: {
    toolUrl?: string;
    database?: string;
    /** Fields of `memory.persistent` beside the database. */
    persistent?: Readonly<Record<string, string | number>>;
    more?: string;
    files?: Record<string, string>;
  },
) =>
  writeFormation({
    "formation.afs": `${manifest}
server: { api_keys: { client_key: ${keys.clientKey}, admin_key: ${keys.adminKey} } }
llm:
  settings: { base_url: "${modelUrl}/v1" }
  models: [{ text: openai/test-model, api_key: sk-test }]
memory: { persistent: ${JSON.stringify({ extraction: false, ...(database && { connection_string: database }), ...persistent })} }
${more}`,
    ...files,
    ...(toolUrl && {
      "mcp/ledger.afs": `id: ledger\ndescription: Notes things\ntype: http\nendpoint: ${toolUrl}\n`,
    }),
  });

/**
 * A tool that notes what it is called with, for good: what it did twice, it was told twice.
 *
 * @param before Waited for before an answer.
 */
export const startLedger = async (before: (entry: string) => Promise<unknown> = async () => undefined) => {
  const calls: string[] = [];
  const { url, cancelled } = await startHttpMcp(() => {
    const server = new McpServer({ name: "ledger", version: "1.0.0" });
    server.registerTool(
      "note",
      { description: "Notes an entry", inputSchema: z.object({ entry: z.string() }) },
      async ({ entry }) => {
        calls.push(entry);
        await before(entry);
        return { content: [{ type: "text", text: `Noted ${entry}` }] };
      },
    );
    return server;
  });
  return { url, calls, cancelled };
};

const bodySchema = z.object({ messages: z.array(z.object({ role: z.string(), content: z.unknown() })) });

/** What the last user message of a request says, and whether behind it the ledger says that it has noted it. */
export const readAsked = ({ body }: ReceivedRequest): { asked: string; isNoted: boolean } => {
  const { messages } = bodySchema.parse(body);
  const last = messages.findLastIndex(({ role }) => role === "user");
  return {
    asked: writtenIn(String(messages[last]?.content)),
    isNoted: messages
      .slice(last)
      .some(({ role, content }) => role === "tool" && JSON.stringify(content).includes("Noted")),
  };
};

/** A model that notes each message in the ledger once and then answers. */
export const notingReply =
  (answer: ReplyScript = { text: ["Noted."] }): ReplyScript =>
  (request) => {
    const { asked, isNoted } = readAsked(request);
    if (isNoted) return typeof answer === "function" ? answer(request) : answer;
    const call = { id: "c1", name: "ledger__note", arguments: [JSON.stringify({ entry: asked })] };
    return { text: [], toolCalls: [call] };
  };

/** The same numbers from 0 to 1 in every run (mulberry32). */
export const seeded = (seed: number) => () => {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
};
