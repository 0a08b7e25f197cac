// A tour of MUXI: starts the formation examples/hello as a user would, and talks to it over HTTP through its SDK.
// Run it with: npm run demo
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { FormationClient } from "muxi-client";

const muxi = path.join(import.meta.dirname, "../packages/cli/bin/muxi.js");
const longest = 60_000;

const { stdout } = process;
const dim = (text: string) => (stdout.isTTY ? `\u001b[2m${text}\u001b[0m` : text);
const bold = (text: string) => (stdout.isTTY ? `\u001b[1m${text}\u001b[0m` : text);

let steps = 0;
const step = (title: string, code: string) => {
  steps += 1;
  console.log(`\n${bold(`${steps}. ${title}`)}\n${dim(code.replace(/^/gm, "   "))}\n`);
};

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  if (address === null || typeof address === "string") throw new Error("no free port");
  return address.port;
};

/** What `muxi up --output json` prints once the formation is healthy. */
interface Up {
  server_url: string;
  formation_id: string;
  draft_url: string;
  client_key: string;
  admin_key: string;
}

const firstLine = async (child: ChildProcess): Promise<Up> => {
  if (!child.stdout) throw new Error("muxi has no output");
  for await (const line of createInterface({ input: child.stdout })) return JSON.parse(line);
  throw new Error("muxi up has failed");
};

// The formation writes its memory into its folder, so it runs from a copy; the server gets a home of its own.
const home = await mkdtemp(path.join(tmpdir(), "muxi-demo-"));
const folder = path.join(home, "hello");
let up: ChildProcess | undefined;

const cleanUp = async () => {
  if (up && up.exitCode === null && up.signalCode === null) {
    up.kill("SIGTERM"); // Ends the formation and the server that `up` has started.
    await once(up, "exit");
  }
  await rm(home, { recursive: true, force: true });
};

const stopped = new AbortController();
const leave = async (reason: string, exitCode: number) => {
  if (stopped.signal.aborted) return; // What fails because the demo is being left is no news.
  stopped.abort();
  console.error(`\n${reason}`);
  await cleanUp();
  process.exit(exitCode);
};
process.on("SIGINT", () => void leave("Interrupted.", 130));
process.on("SIGTERM", () => void leave("Interrupted.", 130));
// Such as a closed pipe: `npm run demo | head`.
process.on("uncaughtException", (error) => void leave(`The demo has failed: ${error.message}`, 1));
setTimeout(() => void leave("The demo takes too long and gives up.", 1), longest).unref();

const tour = async () => {
  const port = await freePort();
  step("A folder becomes a running formation", `$ muxi up hello --port ${port} --output json`);
  await cp(path.join(import.meta.dirname, "hello"), folder, { recursive: true });
  stopped.signal.throwIfAborted();
  const started = performance.now();
  up = spawn(
    process.execPath,
    [...process.execArgv, muxi, "up", folder, "--port", String(port), "--output", "json"],
    {
      env: {
        ...process.env,
        HOME: home,
        USERPROFILE: home,
        MUXI_CLI_DIR: path.join(home, "cli"),
        MUXI_CONFIG_DIR: path.join(home, "server"),
        MUXI_DATA_DIR: path.join(home, "server"),
        MUXI_LOG_DIR: path.join(home, "server/logs"),
      },
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  const running = await firstLine(up);
  console.log(`   Server and formation are up after ${Math.round(performance.now() - started)} ms.`);
  console.log(`   The formation answers at ${running.draft_url}`);

  step(
    "A program connects with the SDK",
    `import { FormationClient } from "muxi-client";
const formation = new FormationClient({ serverUrl, formationId: "hello", mode: "draft", clientKey, adminKey });
const { status } = await formation.health();`,
  );
  const formation = new FormationClient({
    serverUrl: running.server_url,
    formationId: running.formation_id,
    mode: "draft",
    clientKey: running.client_key,
    adminKey: running.admin_key,
  });
  const { status } = await formation.health();
  const agents = await formation.getAgents();
  console.log(`   The formation is ${status}. Its agents: ${agents.map(({ name }) => name).join(", ")}.`);

  /** Says something as the user `ada`, and shows the answer while it comes. */
  const say = async (message: string, session_id?: string) => {
    console.log(`   ${bold("ada")}    ${message}`);
    stdout.write(`   ${bold("hello")}  `);
    const stream = formation.chatStream({ message, ...(session_id && { session_id }) }, { userId: "ada" });
    for await (const event of stream) if (event.type === "text") stdout.write(event.text);
    stdout.write("\n");
    return stream.final();
  };

  step(
    "It answers from its agent's knowledge, streamed",
    `const stream = formation.chatStream({ message: "When is the Cox picked?" }, { userId: "ada" });
for await (const event of stream) if (event.type === "text") process.stdout.write(event.text);`,
  );
  const answer = await say("When is the Cox picked?");
  console.log(`\n   Answered by ${bold(answer.model)} in ${answer.session_id}.`);
  if (answer.model.startsWith("builtin/")) {
    console.log(
      "   That is MUXI's built-in model, which quotes what it finds. With OPENAI_API_KEY set (or another",
    );
    console.log("   provider's key) a real one answers.");
  }

  step(
    "It is told a fact, in the same session",
    `formation.chatStream({ message, session_id: "${answer.session_id}" }, { userId: "ada" })`,
  );
  await say("My favourite pie is quince with ginger.", answer.session_id);

  step("It remembers the fact in a new session", `formation.chatStream({ message }, { userId: "ada" })`);
  const recalled = await say("What is my favourite pie?");
  console.log(`\n   This was ${recalled.session_id}: another session of the same user.`);

  step(
    "Everything that was said is kept",
    `const { sessions } = await formation.getSessions({ userId: "ada" });
const { messages } = await formation.getSessionMessages({ sessionId, userId: "ada" });`,
  );
  const { sessions } = await formation.getSessions({ userId: "ada" });
  for (const { session_id: sessionId } of sessions) {
    const { messages } = await formation.getSessionMessages({ sessionId, userId: "ada" });
    console.log(`   ${sessionId}: ${messages.length} messages`);
    for (const { role, content } of messages) {
      const text = content.replace(/\s+/g, " ");
      console.log(`     ${role.padEnd(9)}  ${text.length > 80 ? `${text.slice(0, 79)}…` : text}`);
    }
  }
};

try {
  await tour();
  step("Ctrl+C stops the formation and the server", "$ muxi up ... ^C");
  await cleanUp();
  console.log(
    '   Done. Your turn:\n\n     npx muxi up examples/hello\n     npx muxi chat "When is the Cox picked?"\n',
  );
} catch (error) {
  await leave(`The demo has failed: ${error instanceof Error ? error.message : String(error)}`, 1);
}
