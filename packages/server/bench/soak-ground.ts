import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import * as z from "zod";
import { freePort } from "../../../test/ports.ts";
import { memoryOf } from "../src/base/memory.ts";
import { readServerPid } from "../src/data-folder/index.ts";

const program = fileURLToPath(new URL("../bin/muxi-server.js", import.meta.url));

export const clientKey = "fmc_0123456789abcdef";

const manifest = (id: string, version: string): string => `schema: "1.0.0"
id: ${id}
description: A formation of the soak
version: "${version}"
llm: { models: [{ text: builtin/extractive }] }
server: { api_keys: { client_key: ${clientKey}, admin_key: fma_0123456789abcdef } }
`;

const shownSchema = z.object({
  data: z.object({ pid: z.int(), status: z.string(), restart_count: z.int() }),
});
const statusSchema = z.object({ data: z.object({ port_pool: z.object({ allocated: z.int() }) }) });

export type Shown = z.infer<typeof shownSchema>["data"];

/** What must not grow. */
export interface Figures {
  serverMemoryMb: number;
  serverFiles: number;
  formationMemoryMb: number;
  formationFiles: number;
  ports: number;
  /** Formation processes. */
  processes: number;
  /** Files and folders of the server's own in its data folder: of releases, process ids, uploads. */
  entries: number;
}

/** The built server on a folder of its own, as a user runs it. */
export interface Ground {
  url: string;
  deploy(id: string, version: string): Promise<void>;
  update(id: string, version: string): Promise<void>;
  /** POST of an operation, or DELETE of the formation. */
  act(id: string, operation: "rollback" | "restart" | "delete"): Promise<void>;
  get(id: string): Promise<Shown>;
  /** @param formationId Whose process is measured beside the server. */
  measure(formationId: string): Promise<Figures>;
  stop(): Promise<void>;
}

const filesOf = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;

const megabytesOf = async (pid: number): Promise<number> =>
  Math.round(((await memoryOf(pid)) ?? 0) / 2 ** 20);

/** Processes that have a path below a folder among their arguments. */
const processesOf = (folder: string): number =>
  readdirSync("/proc").filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(folder);
    } catch {
      return false; // It has ended since.
    }
  }).length;

const untilListening = async (data: string, child: ChildProcess): Promise<string> => {
  while (child.exitCode === null) {
    const server = await readServerPid(data);
    if (server && server.pid === child.pid) return server.url;
    await delay(20);
  }
  throw new Error(`the server ended with ${child.exitCode}`);
};

export const startGround = async (): Promise<Ground> => {
  const folder = mkdtempSync(join(tmpdir(), "muxi-soak-"));
  const data = join(folder, "data");
  const first = await freePort();
  const child = spawn(process.execPath, [program, "--log-level", "warn"], {
    env: {
      PATH: process.env.PATH,
      MUXI_CONFIG_DIR: folder,
      MUXI_DATA_DIR: data,
      MUXI_SERVER_PORT: "0",
      MUXI_PORT_START: String(first),
      MUXI_PORT_END: String(Math.min(first + 50, 65535)),
    },
    stdio: ["ignore", "ignore", "inherit"],
  });
  const url = await untilListening(data, child);

  const call = async (method: string, path: string, bundle?: Buffer, headers = {}): Promise<unknown> => {
    const response = await fetch(url + path, {
      method,
      headers: { ...(bundle && { "content-type": "application/gzip" }), ...headers },
      ...(bundle && { body: new Uint8Array(bundle) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
    return JSON.parse(text);
  };

  const bundleOf = (id: string, version: string): Buffer => {
    const source = join(folder, "sources", id);
    mkdirSync(source, { recursive: true });
    writeFileSync(join(source, "formation.afs"), manifest(id, version));
    return execFileSync("tar", ["-cz", "-C", join(folder, "sources"), id]);
  };

  const get = async (id: string): Promise<Shown> =>
    shownSchema.parse(await call("GET", `/rpc/formations/${id}`)).data;

  return {
    ...{ url, get },
    async deploy(id, version) {
      await call("POST", "/rpc/formations", bundleOf(id, version), {
        "x-formation-id": id,
        "x-formation-version": version,
      });
    },
    async update(id, version) {
      await call("PUT", `/rpc/formations/${id}`, bundleOf(id, version), { "x-formation-version": version });
    },
    async act(id, operation) {
      if (operation === "delete") await call("DELETE", `/rpc/formations/${id}`);
      else await call("POST", `/rpc/formations/${id}/${operation}`);
    },
    async measure(formationId) {
      const { pid: server = 0 } = child;
      const { pid } = await get(formationId);
      const { port_pool } = statusSchema.parse(await call("GET", "/rpc/server/status")).data;
      const own = ["formations", "pids", "tmp"].flatMap((name) =>
        readdirSync(join(data, name), { recursive: true, encoding: "utf8" }),
      );
      return {
        serverMemoryMb: await megabytesOf(server),
        serverFiles: filesOf(server),
        formationMemoryMb: await megabytesOf(pid),
        formationFiles: filesOf(pid),
        ports: port_pool.allocated,
        processes: processesOf(join(data, "formations")),
        entries: own.length,
      };
    },
    async stop() {
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
