import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { memoryOf } from "../src/base/memory.ts";
import { type Answer, adminKey, clientKey, startBuiltServer } from "./built-server.ts";

const manifest = (id: string, version: string): string => `schema: "1.0.0"
id: ${id}
description: A formation of the soak
version: "${version}"
llm: { models: [{ text: builtin/extractive }] }
server: { api_keys: { client_key: ${clientKey}, admin_key: ${adminKey} } }
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

/** A server whose formations come and go. */
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

const expectOk = async (what: string, answering: Promise<Answer>): Promise<unknown> => {
  const { ok, status, text } = await answering;
  if (!ok) throw new Error(`${what} answered ${status}: ${text}`);
  return JSON.parse(text);
};

export const startGround = async (): Promise<Ground> => {
  const server = await startBuiltServer("soak");
  const { url, data, call } = server;
  const bundleOf = (id: string, version: string): Buffer =>
    server.pack(id, { "formation.afs": manifest(id, version) });

  const get = async (id: string): Promise<Shown> =>
    shownSchema.parse(await expectOk(`the state of ${id}`, call("GET", `/rpc/formations/${id}`))).data;

  return {
    ...{ url, get },
    async deploy(id, version) {
      await expectOk(`the deploy of ${id}`, server.deploy(id, version, bundleOf(id, version)));
    },
    async update(id, version) {
      const headers = { "x-formation-version": version };
      const update = call("PUT", `/rpc/formations/${id}`, bundleOf(id, version), headers);
      await expectOk(`the update of ${id}`, update);
    },
    async act(id, operation) {
      const path = `/rpc/formations/${id}`;
      const act = operation === "delete" ? call("DELETE", path) : call("POST", `${path}/${operation}`);
      await expectOk(`the ${operation} of ${id}`, act);
    },
    async measure(formationId) {
      const { pid } = await get(formationId);
      const status = await expectOk("the server's status", call("GET", "/rpc/server/status"));
      const own = ["formations", "pids", "tmp"].flatMap((name) =>
        readdirSync(join(data, name), { recursive: true, encoding: "utf8" }),
      );
      return {
        serverMemoryMb: await megabytesOf(server.pid),
        serverFiles: filesOf(server.pid),
        formationMemoryMb: await megabytesOf(pid),
        formationFiles: filesOf(pid),
        ports: statusSchema.parse(status).data.port_pool.allocated,
        processes: processesOf(join(data, "formations")),
        entries: own.length,
      };
    },
    stop: server.stop,
  };
};
