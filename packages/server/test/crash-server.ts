import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished } from "vitest";
import * as z from "zod";
import { portRange } from "../../../test/ports.ts";
import { until, untilExpected } from "../../../test/until.ts";
import { readServerPid } from "../src/data-folder/index.ts";
import { type Called, call } from "./bundles.ts";
import { temporaryFolder } from "./helpers.ts";

const program = fileURLToPath(new URL("../bin/muxi-server.js", import.meta.url));
const crashPoint = new URL("crash-point.mjs", import.meta.url).href;

/** The built server on a data folder, as a user runs it, but that it can be killed at any step. */
export interface CrashServer {
  child: ChildProcess;
  url: string;
  data: string;
  /** Resolves when it has ended. */
  ended: Promise<unknown>;
  /** Lets it die after so many steps. Resolves once it knows. */
  dieAfter(steps: number): Promise<void>;
}

export interface Ground {
  data: string;
  env: NodeJS.ProcessEnv;
}

export const createGround = async (): Promise<Ground> => {
  const data = await temporaryFolder();
  return {
    data,
    env: {
      PATH: process.env.PATH,
      MUXI_CONFIG_DIR: data,
      MUXI_DATA_DIR: data,
      MUXI_SERVER_PORT: "0",
      ...(await portRange()),
    },
  };
};

export const startCrashServer = async ({ data, env }: Ground): Promise<CrashServer> => {
  const child = spawn(process.execPath, ["--import", crashPoint, program], {
    env,
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  let errors = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    errors += text;
  });
  const ended = once(child, "exit");
  const { url } = await until("the server listens", async () => {
    if (child.exitCode !== null) throw new Error(`the server ended: ${errors}`);
    const known = await readServerPid(data);
    return known?.pid === child.pid ? known : undefined;
  });
  return {
    ...{ child, url, data, ended },
    async dieAfter(stepsLeft) {
      const known = once(child, "message");
      child.send({ stepsLeft });
      await known;
    },
  };
};

/** What a formation of the test holds, by its semantic version. */
export interface Deployed {
  current: string;
  previous?: string | undefined;
}

const entrySchema = z.object({ version: z.int(), semantic: z.string() });
const versionFileSchema = z.object({ current: entrySchema, previous: entrySchema.optional() });
const registrySchema = z.object({
  formations: z.array(
    z.looseObject({ id: z.string(), status: z.string(), process_id: z.int(), port: z.int() }),
  ),
});

const readJson = async <Value>(schema: z.ZodType<Value>, file: string): Promise<Value> =>
  schema.parse(JSON.parse(await readFile(file, "utf8")));

/** Processes that have a path below a folder among their arguments. */
const processesOf = async (folder: string): Promise<number[]> => {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid) => {
      const line = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
      return line.includes(folder) ? [Number(pid)] : [];
    }),
  );
  return found.flat();
};

const allowed = ["formations", "logs", "pids", "registry.json", "server.lock", "server.pid", "tmp"];

/**
 * Checks that a server that has started again is whole: registry, folders, ports and processes agree, what is
 * deployed answers, and nothing else runs or lies about.
 *
 * @returns What is deployed.
 */
export const inspect = async ({ url, data }: CrashServer, id: string): Promise<Deployed | undefined> => {
  const formation = `/rpc/formations/${id}`;
  const get = async (path: string): Promise<Called["body"]> => (await call(url, "GET", path)).body.data;
  // While it writes a file, another lies beside it for a moment.
  await untilExpected("the data folder is tidy", async () =>
    expect((await readdir(data)).filter((name) => !allowed.includes(name))).toEqual([]),
  );
  expect(await readdir(join(data, "tmp"))).toEqual([]);

  const { formations } = await get("/rpc/formations");
  const root = join(data, "formations", id);
  if (formations.length === 0) {
    expect(await readdir(join(data, "formations"))).toEqual([]);
    expect(await readdir(join(data, "pids"))).toEqual([]);
    expect((await readJson(registrySchema, join(data, "registry.json"))).formations).toEqual([]);
    expect((await get("/rpc/server/status")).port_pool.allocated).toBe(0);
    await untilExpected("every process has ended", async () =>
      expect(await processesOf(join(data, "formations"))).toEqual([]),
    );
    return undefined;
  }

  const shown = await until("the formation runs", async () => {
    const now = await get(formation);
    return now.status === "running" && now.healthy ? now : undefined;
  });
  const versions = await readJson(versionFileSchema, join(root, "version.json"));
  const { current, previous } = versions;
  expect(shown.version.semantic).toBe(current.semantic);
  expect((await (await fetch(`${url}/api/${id}/v1/health`)).json()).data.version).toBe(current.semantic);

  const links = { current: current.version, ...(previous && { previous: previous.version }) };
  expect((await readdir(root)).sort()).toEqual(
    [...Object.keys(links), "data", "releases", "version.json"].sort(),
  );
  for (const [name, version] of Object.entries(links)) {
    expect(await readlink(join(root, name))).toBe(`releases/${version}`);
  }
  expect((await readdir(join(root, "releases"))).sort()).toEqual(Object.values(links).map(String).sort());

  await until("the registry says so", async () => {
    const { formations: records } = await readJson(registrySchema, join(data, "registry.json"));
    const [record] = records;
    const { pid: process_id, port } = shown;
    return (
      (records.length === 1 &&
        JSON.stringify({ ...record, ...{ id, status: "running", process_id, port } }) ===
          JSON.stringify(record)) ||
      undefined
    );
  });
  expect(await readdir(join(data, "pids"))).toEqual([`${id}-${shown.port}.pid`]);
  expect((await get("/rpc/server/status")).port_pool.allocated).toBe(1);
  await untilExpected("every other process has ended", async () =>
    expect(await processesOf(join(data, "formations"))).toEqual([shown.pid]),
  );
  return { current: current.semantic, previous: previous?.semantic };
};
