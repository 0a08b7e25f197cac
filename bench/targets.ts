import { randomUUID } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findPostgres, postgresMissing } from "../test/postgres-server.ts";
import type { HttpRequest } from "./load/connection.ts";
import type { Ask } from "./load/measure.ts";
import { freePort, type Program } from "./machine/programs.ts";

/** What a program is given to run on. */
export interface Ground {
  /** An empty folder of its own. */
  folder: string;
  port: number;
  modelPort: number;
  /** The core of the load generator and the fake model. */
  loadCore: number;
  /** The Postgres of a target that wants one. */
  postgresUrl?: string;
}

/** One way to be answered by the fake model. */
export interface Target {
  name: string;
  /** Says what to do when this cannot run here. */
  missing?(): string | undefined;
  /** The program to start; left out for the fake model, which always runs. */
  program?(ground: Ground): Program | Promise<Program>;
  healthPath: string;
  /** Sent once the program is healthy; the target is ready when it is answered. */
  readyCall?(ground: Ground): HttpRequest;
  /** A chat, of a session of its own unless one is named. */
  chat(number: number, ask: Ask): HttpRequest;
  /** A job by a cron expression, made by a user of whom few jobs are; for formations alone. */
  job?(number: number, cron: string): HttpRequest;
  /** Stores in a Postgres, which is started for it on the same core. */
  onPostgres?: boolean;
  /** Settings of that Postgres, as in postgresql.conf. */
  postgresSettings?: readonly string[];
  /** Where it sets the pace of what answers behind it, when that is not the fake model. */
  pacePath?: string;
  /** Started once before it is measured, so that it finds its code compiled as it does from a user's second start on. */
  warm?: boolean;
  /** Its own process is measured, without those that it starts. */
  alone?: boolean;
  /** Measured in the first round only: it is so much slower that a median would tell nothing more. */
  once?: boolean;
  /** Scenarios that it cannot do. */
  skip?: readonly string[];
}

const here = import.meta.dirname;
const root = join(here, "..");
const users = 50;

const things =
  "apple book chair drink engine flower garden hotel island jacket kettle lamp museum novel opera pencil".split(
    " ",
  );
const ways =
  "amber bright calm dusty early fancy gentle hollow icy jolly keen lively mellow narrow old plain quiet".split(
    " ",
  );

/** States something new each time, so that there is ever more to remember and to recall. */
const messageOf = (number: number) => {
  const thing = things[number % things.length];
  const way = ways[Math.floor(number / things.length) % ways.length];
  return `My favourite ${thing} is the ${way} one, number ${number}. Say something short.`;
};

/** A session that goes on belongs to one user. */
const userOf = (number: number, session: string | undefined) =>
  session === undefined ? `u${number % users}` : "u0";

const folderOf = (name: "runtime" | "server") => join(root, "packages", name);
const binOf = (name: "runtime" | "server") => join(folderOf(name), "bin", `muxi-${name}.js`);

/** The flags of Node that a package's program has in its first line. */
export const flagsOf = (name: "runtime" | "server"): string[] => {
  const [firstLine = ""] = readFileSync(binOf(name), "utf8").split("\n");
  return firstLine.match(/--\S+/g) ?? [];
};

/** A package's program from its source. */
export const sourceOf = (name: "runtime" | "server"): string[] => [
  ...flagsOf(name),
  "--conditions=muxi-source",
  join(folderOf(name), "src/main.ts"),
];

/** A package's program as users start it, or from its source where it was not built. */
export const programOf = (name: "runtime" | "server"): string[] =>
  existsSync(join(folderOf(name), "dist/main.js")) ? [...flagsOf(name), binOf(name)] : sourceOf(name);

/** Where MUXI's programs keep their compiled code: in the place of the user's own folder. */
const compileCache = (ground: Ground) => ({ NODE_COMPILE_CACHE: join(ground.folder, "../compile-cache") });

/** Whether the packages are measured as built. */
export const isBuilt = (): boolean =>
  (["runtime", "server"] as const).every((name) => existsSync(join(root, "packages", name, "dist/main.js")));

const clientKey = "bench-client-key";
const adminKey = "bench-admin-key";

const formation = ({ modelPort, postgresUrl }: Ground, learns: boolean) => `schema: "1.0.0"
id: bench
description: Answers the load generator
server:
  api_keys:
    client_key: ${clientKey}
    admin_key: ${adminKey}
llm:
  settings:
    base_url: http://127.0.0.1:${modelPort}/v1
  models:
    - text: openai/fake
      api_key: none
memory:
  persistent:
    extraction: ${learns}
${postgresUrl === undefined ? "" : `    connection_string: ${postgresUrl}\n`}`;

/**
 * Writes the formation that is measured, and gives its folder.
 *
 * @param learns Whether a model finds in each chat what is worth remembering.
 */
const writeFormation = (ground: Ground, learns: boolean): string => {
  const path = join(ground.folder, "formation");
  mkdirSync(path);
  writeFileSync(join(path, "formation.afs"), formation(ground, learns));
  return path;
};

/** Chats of that formation, at an address with this prefix. */
export const muxiChat =
  (prefix: string): Target["chat"] =>
  (number, { stream = true, session, webhookUrl }) => ({
    method: "POST",
    path: `${prefix}/v1/chat`,
    headers: { "X-Muxi-Client-Key": clientKey, "X-Muxi-User-ID": userOf(number, session) },
    body: {
      message: messageOf(number),
      session_id: session ?? randomUUID(),
      ...(!stream && { stream }),
      ...(webhookUrl !== undefined && { mode: "async", webhook_url: webhookUrl }),
    },
  });

/** A user makes at most 20 jobs within an hour. */
const jobsOfOneUser = 20;

const muxiJob =
  (prefix: string) =>
  (number: number, schedule: string): HttpRequest => ({
    method: "POST",
    path: `${prefix}/v1/scheduler/jobs`,
    headers: {
      "X-Muxi-Admin-Key": adminKey,
      "X-Muxi-User-ID": `maker${Math.floor(number / jobsOfOneUser)}`,
    },
    body: { type: "prompt", schedule, message: `Job number ${number} says something short.` },
  });

const direct: Target = {
  name: "direct",
  healthPath: "/health",
  skip: ["growth"],
  chat: (number, { stream = true }) => ({
    method: "POST",
    path: "/v1/chat/completions",
    body: {
      model: "fake",
      stream,
      messages: [
        { role: "system", content: "You are a helper." },
        { role: "user", content: messageOf(number) },
      ],
    },
  }),
};

const lean = {
  name: "lean",
  healthPath: "/health",
  program: ({ folder, port, modelPort, postgresUrl = join(folder, "lean.db") }) => ({
    args: [join(here, "peers/lean/server.js"), String(port), String(modelPort), postgresUrl],
  }),
  chat: (number, { stream = true, session }) => ({
    method: "POST",
    path: "/chat",
    body: {
      message: messageOf(number),
      session: session ?? randomUUID(),
      user: userOf(number, session),
      stream,
    },
  }),
} satisfies Target;

const postgresMissingHere = () => (findPostgres() === undefined ? postgresMissing : undefined);

/** The same in a Postgres that waits for the disk. */
const leanPostgres: Target = {
  ...lean,
  name: "lean-postgres",
  missing: postgresMissingHere,
  onPostgres: true,
};

/** Where `--with-peers` installs the packages of others. */
const thinFolder = join(here, "peers/thin");
const mastraFolder = join(here, "peers/mastra");
const voltagentFolder = join(here, "peers/voltagent");
const langgraphFolder = join(here, "peers/langgraph");
export const peerFolders = [thinFolder, mastraFolder, voltagentFolder, langgraphFolder];

const missingIn = (folder: string) => (): string | undefined =>
  existsSync(join(folder, "node_modules"))
    ? undefined
    : "its packages are not installed: `npm run bench -- --with-peers` adds them";

const thin: Target = {
  name: "thin",
  healthPath: "/health",
  missing: missingIn(thinFolder),
  program: ({ port, modelPort }) => ({
    args: [join(thinFolder, "server.js"), String(port), String(modelPort)],
  }),
  chat: (number, { stream = true }) => ({
    method: "POST",
    path: "/chat",
    body: { message: messageOf(number), stream },
  }),
  // At its 160 KB and 5 ms of CPU for each, a third of the streams is open after a minute and a half.
  skip: ["streams1000", "growth", "soak"],
};

const mastra: Target = {
  name: "mastra",
  healthPath: "/health",
  missing: missingIn(mastraFolder),
  program: ({ folder, port, modelPort }) => ({
    args: [join(mastraFolder, "server.js"), String(port), String(modelPort), join(folder, "mastra.db")],
  }),
  chat: (number, { stream = true, session }) => ({
    method: "POST",
    path: `/api/agents/helper/${stream ? "stream" : "generate"}`,
    body: {
      messages: [{ role: "user", content: messageOf(number) }],
      memory: { thread: session ?? randomUUID(), resource: userOf(number, session) },
    },
  }),
  skip: ["streams1000", "soak"],
  once: true,
};

const voltagent: Target = {
  name: "voltagent",
  healthPath: "/agents",
  missing: missingIn(voltagentFolder),
  program: ({ folder, port, modelPort }) => ({
    args: [join(voltagentFolder, "server.js"), String(port), String(modelPort), join(folder, "voltagent.db")],
  }),
  chat: (number, { stream = true, session }) => ({
    method: "POST",
    path: `/agents/helper/${stream ? "stream" : "text"}`,
    body: {
      input: messageOf(number),
      options: { userId: userOf(number, session), conversationId: session ?? randomUUID() },
    },
  }),
  skip: ["streams1000", "growth", "soak"],
  once: true,
};

/** Its own server without the watcher of its command; threads are in memory and saved to a file now and then. */
const langgraph: Target = {
  name: "langgraph",
  healthPath: "/ok",
  missing: missingIn(langgraphFolder),
  program: ({ folder, port, modelPort }) => {
    // Graphs are looked for, and data is written, where it runs.
    const app = join(folder, "app");
    mkdirSync(app);
    copyFileSync(join(langgraphFolder, "graph.js"), join(app, "graph.js"));
    symlinkSync(join(langgraphFolder, "node_modules"), join(app, "node_modules"));
    const server = join(langgraphFolder, "node_modules/@langchain/langgraph-api/dist");
    const graphs = { helper: "./graph.js:graph" };
    return {
      args: [
        ...["--import", join(langgraphFolder, "node_modules/tsx/dist/loader.mjs")],
        ...["--import", join(server, "preload.mjs")],
        join(server, "cli/entrypoint.mjs"),
        String(process.pid),
        JSON.stringify({ port, nWorkers: 10, host: "127.0.0.1", cwd: app, graphs }),
      ],
      env: { MODEL_PORT: String(modelPort) },
      folder: app,
    };
  },
  chat: (number, { stream = true, session }) => ({
    method: "POST",
    path: `/threads/${session ?? randomUUID()}/runs/${stream ? "stream" : "wait"}`,
    body: {
      assistant_id: "helper",
      if_not_exists: "create",
      ...(stream && { stream_mode: ["messages-tuple"] }),
      input: { messages: [{ role: "user", content: messageOf(number) }] },
    },
  }),
  skip: ["streams1000", "growth", "soak"],
  once: true,
};

const runtimeProgram =
  (learns: boolean) =>
  (ground: Ground): Program => ({
    args: [...programOf("runtime"), writeFormation(ground, learns), "--port", String(ground.port)],
    env: compileCache(ground),
  });

/** Stores each message, as its peers do. */
export const muxi = {
  name: "muxi",
  healthPath: "/v1/health",
  program: runtimeProgram(false),
  warm: true,
  chat: muxiChat(""),
  job: muxiJob(""),
  skip: ["learn32", "learn128"],
} satisfies Target;

/** Also asks a model what is worth remembering, and recalls it: what a formation does unless it is told otherwise. */
export const muxiLearning = {
  ...muxi,
  name: "muxi-learning",
  program: runtimeProgram(true),
  skip: ["latency", "c1", "plain32", "background", "streams1000", "cron", "recall"],
} satisfies Target;

/** The same with its database in a Postgres that waits for the disk as SQLite does. */
export const muxiPostgres = {
  ...muxiLearning,
  name: "muxi-postgres",
  missing: postgresMissingHere,
  onPostgres: true,
  skip: [],
} satisfies Target;

/** The server and the formation that it is to run, whose ports begin with the given one. */
export const serverProgram = (ground: Ground, firstPort: number): Program => {
  writeFormation(ground, false);
  return {
    args: [...programOf("server"), "--port", String(ground.port)],
    env: {
      ...compileCache(ground),
      MUXI_CONFIG_DIR: join(ground.folder, "config"),
      MUXI_DATA_DIR: join(ground.folder, "data"),
      MUXI_LOG_DIR: join(ground.folder, "logs"),
      MUXI_PORT_START: String(firstPort),
      MUXI_PORT_END: String(firstPort + 20),
    },
  };
};

export const muxiServer = {
  name: "muxi-server",
  healthPath: "/health",
  program: async (ground: Ground) => serverProgram(ground, await freePort()),
  warm: true,
  readyCall: ({ folder }: Ground): HttpRequest => ({
    method: "POST",
    path: "/rpc/dev/run",
    body: { path: join(folder, "formation") },
  }),
  chat: muxiChat("/draft/bench"),
  job: muxiJob("/draft/bench"),
  // Of the formation alone, and measured there.
  skip: ["learn32", "learn128", "cron", "recall", "soak"],
} satisfies Target;

export const targets: readonly Target[] = [
  direct,
  lean,
  leanPostgres,
  thin,
  mastra,
  voltagent,
  langgraph,
  muxi,
  muxiLearning,
  muxiPostgres,
  muxiServer,
];
