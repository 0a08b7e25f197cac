import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { pino } from "pino";
import { onTestFinished } from "vitest";
import { freePort } from "../../../test/ports.ts";
import type { BundleLimits } from "../src/bundles/index.ts";
import { type FormationsConfig, loadConfig, type ServerConfig } from "../src/config/index.ts";
import type { SupervisorSettings } from "../src/processes/index.ts";
import { createServer, type MuxiServer, type ServerOptions } from "../src/server.ts";

const fakeFormation = fileURLToPath(new URL("fake-formation.mjs", import.meta.url));

export { isAlive } from "../src/processes/index.ts";

export const fakeRuntime: ServerOptions["runtime"] = (folder) => ({
  command: process.execPath,
  args: [fakeFormation, folder],
});

/** The real one, as it was built. */
export const builtRuntime: ServerOptions["runtime"] = (folder) => ({
  command: process.execPath,
  args: [fileURLToPath(new URL("../../runtime/bin/muxi-runtime.js", import.meta.url)), folder],
});

export const temporaryFolder = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), "muxi-server-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
};

/** Pids of the formation processes that were ever started in a folder. */
export const startedPids = async (folder: string): Promise<number[]> => {
  const text = await readFile(join(folder, "started"), "utf8").catch(() => "");
  return text.split("\n").filter(Boolean).map(Number);
};

export const createFormation = async (
  id: string,
  behaviour: Record<string, unknown> = {},
): Promise<string> => {
  const folder = join(await temporaryFolder(), id);
  await mkdir(folder);
  await writeFile(
    join(folder, "formation.afs"),
    `schema: "1.0.0"\nid: ${id}\ndescription: A formation of the tests\nllm:\n  models:\n    - text: builtin/extractive\n`,
  );
  await writeFile(join(folder, "behaviour.json"), JSON.stringify(behaviour));
  return folder;
};

export interface TestServer {
  url: string;
  port: number;
  metricsPort: number | undefined;
  data: string;
  server: MuxiServer;
}

export interface TestServerOptions {
  /** Of a server that was there before. Default: a new folder. */
  data?: string;
  config?: Partial<ServerConfig>;
  processes?: Partial<SupervisorSettings>;
  formations?: Partial<Omit<FormationsConfig, "bundle">> & { bundle?: Partial<BundleLimits> };
  env?: NodeJS.ProcessEnv;
  /** What runs formations. Default: the fake of this folder. */
  runtime?: ServerOptions["runtime"];
  now?: () => number;
  timeouts?: ServerOptions["timeouts"];
  reading?: ServerOptions["reading"];
}

/** A server on a free port with its own data folder, closed with the test. */
export const startTestServer = async (options: TestServerOptions = {}): Promise<TestServer> => {
  const data = options.data ?? (await temporaryFolder());
  const directories = { config: data, data, logs: join(data, "logs") };
  const defaults = await loadConfig({ directories, env: {}, overrides: { port: "0" } });
  const first = await freePort();
  const server = createServer({
    config: {
      ...defaults,
      ...options.config,
      formations: {
        ...defaults.formations,
        ...options.formations,
        bundle: { ...defaults.formations.bundle, ...options.formations?.bundle },
      },
      processes: {
        ...defaults.processes,
        portRange: { first, end: first + 50 },
        restartDelayMs: 10,
        forceKillTimeoutMs: 500,
        ...options.processes,
      },
    },
    log: pino({ level: "silent" }),
    env: options.env ?? { PATH: process.env.PATH },
    runtime: options.runtime ?? fakeRuntime,
    ...(options.now && { now: options.now }),
    ...(options.timeouts && { timeouts: options.timeouts }),
    ...(options.reading && { reading: options.reading }),
  });
  onTestFinished(() => server.close());
  const { port, url, metricsPort } = await server.listen();
  return { server, port, metricsPort, url, data };
};

export interface Answer {
  status: number;
  headers: Headers;
  body: Record<string, unknown>;
}

export const post = async (
  url: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> => {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  return { status: response.status, headers: response.headers, body: await response.json() };
};

export const devRun = (server: TestServer, path: string): Promise<Answer> =>
  post(`${server.url}/rpc/dev/run`, { path });
