import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { HttpRequest } from "./load/connection.ts";
import { freePort, type Program } from "./machine/programs.ts";

/** What a program is given to run on. */
export interface Ground {
  /** An empty folder of its own. */
  folder: string;
  port: number;
  modelPort: number;
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
  /** A chat of its own session, streamed or as one JSON answer. */
  chat(number: number, stream: boolean): HttpRequest;
  /** Scenarios that it cannot do. */
  skip?: readonly string[];
}

const here = import.meta.dirname;
const root = join(here, "..");
const message = "Say something short.";
const users = 50;

/** A package's program from its source. */
export const sourceOf = (name: "runtime" | "server"): string[] => [
  "--conditions=muxi-source",
  join(root, "packages", name, "src/main.ts"),
];

/** A package's program as it was built, or from its source where it was not. */
const programOf = (name: "runtime" | "server"): string[] => {
  const built = join(root, "packages", name, "dist/main.js");
  return existsSync(built) ? [built] : sourceOf(name);
};

/** Whether the packages are measured as built. */
export const isBuilt = (): boolean => programOf("runtime").length === 1 && programOf("server").length === 1;

const clientKey = "bench-client-key";

const formation = (modelPort: number) => `schema: "1.0.0"
id: bench
description: Answers the load generator
server:
  api_keys:
    client_key: ${clientKey}
    admin_key: bench-admin-key
llm:
  settings:
    base_url: http://127.0.0.1:${modelPort}/v1
  models:
    - text: openai/fake
      api_key: none
`;

/** Writes the formation that is measured, and gives its folder. */
export const writeFormation = ({ folder, modelPort }: Ground): string => {
  const path = join(folder, "formation");
  mkdirSync(path);
  writeFileSync(join(path, "formation.afs"), formation(modelPort));
  return path;
};

const muxiChat =
  (prefix: string): Target["chat"] =>
  (number, stream) => ({
    method: "POST",
    path: `${prefix}/v1/chat`,
    headers: { "X-Muxi-Client-Key": clientKey, "X-Muxi-User-ID": `u${number % users}` },
    body: { message, session_id: randomUUID(), ...(!stream && { stream }) },
  });

const direct: Target = {
  name: "direct",
  healthPath: "/health",
  chat: (_, stream) => ({
    method: "POST",
    path: "/v1/chat/completions",
    body: {
      model: "fake",
      stream,
      messages: [
        { role: "system", content: "You are a helper." },
        { role: "user", content: message },
      ],
    },
  }),
};

const lean: Target = {
  name: "lean",
  healthPath: "/health",
  program: ({ folder, port, modelPort }) => ({
    args: [join(here, "peers/lean/server.js"), String(port), String(modelPort), join(folder, "lean.db")],
  }),
  chat: (number, stream) => ({
    method: "POST",
    path: "/chat",
    body: { message, session: randomUUID(), user: `u${number % users}`, stream },
  }),
};

/** Where `--with-thin` installs what thin needs. */
export const thinFolder = join(here, "peers/thin");

const thin: Target = {
  name: "thin",
  healthPath: "/health",
  missing: () =>
    existsSync(join(thinFolder, "node_modules/hono"))
      ? undefined
      : "its packages are not installed: `npm run bench -- --with-thin` adds them",
  program: ({ port, modelPort }) => ({
    args: [join(thinFolder, "server.js"), String(port), String(modelPort)],
  }),
  chat: (_, stream) => ({ method: "POST", path: "/chat", body: { message, stream } }),
  // At its 160 KB and 5 ms of CPU for each, a third of the streams is open after a minute and a half.
  skip: ["streams1000"],
};

export const muxi: Target = {
  name: "muxi",
  healthPath: "/v1/health",
  program: (ground) => ({
    args: [...programOf("runtime"), writeFormation(ground), "--port", String(ground.port)],
  }),
  chat: muxiChat(""),
};

const muxiServer: Target = {
  name: "muxi-server",
  healthPath: "/health",
  program: async (ground) => {
    writeFormation(ground);
    const firstPort = await freePort();
    return {
      args: [...programOf("server"), "--port", String(ground.port)],
      env: {
        MUXI_CONFIG_DIR: join(ground.folder, "config"),
        MUXI_DATA_DIR: join(ground.folder, "data"),
        MUXI_LOG_DIR: join(ground.folder, "logs"),
        MUXI_PORT_START: String(firstPort),
        MUXI_PORT_END: String(firstPort + 20),
      },
    };
  },
  readyCall: ({ folder }) => ({
    method: "POST",
    path: "/rpc/dev/run",
    body: { path: join(folder, "formation") },
  }),
  chat: muxiChat("/draft/bench"),
};

export const targets: readonly Target[] = [direct, lean, thin, muxi, muxiServer];
