import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { freePort } from "../../../test/ports.ts";
import { readServerPid } from "../src/data-folder/index.ts";

const program = fileURLToPath(new URL("../bin/muxi-server.js", import.meta.url));

const longestCallMs = 120_000;

export const clientKey = "fmc_0123456789abcdef";
export const adminKey = "fma_0123456789abcdef";

export interface Answer {
  ok: boolean;
  status: number;
  /** Empty for an archive, which is read and forgotten. */
  text: string;
}

/** The built server on a folder of its own, as a user runs it. */
export interface BuiltServer {
  url: string;
  pid: number;
  data: string;
  /** @param body A bundle, where the headers do not say otherwise. */
  call(
    method: string,
    path: string,
    body?: Buffer | string,
    headers?: Record<string, string>,
  ): Promise<Answer>;
  deploy(id: string, version: string, bundle: Buffer): Promise<Answer>;
  /** Packs a formation of these files, and of no others. */
  pack(id: string, files: Record<string, string | Buffer>): Buffer;
  stop(): Promise<void>;
}

const untilListening = async (data: string, child: ChildProcess): Promise<string> => {
  while (child.exitCode === null) {
    const server = await readServerPid(data);
    if (server && server.pid === child.pid) return server.url;
    await delay(20);
  }
  throw new Error(`the server ended with ${child.exitCode}`);
};

/** @param purpose In the name of its folder. */
export const startBuiltServer = async (purpose: string): Promise<BuiltServer> => {
  const folder = mkdtempSync(join(tmpdir(), `muxi-${purpose}-`));
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
  // Whatever way the bench ends, its server does not outlive it, and with it end the formations.
  const end = () => child.kill("SIGTERM");
  process.once("exit", end);
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));
  const url = await untilListening(data, child);
  const { pid = 0 } = child;

  const call: BuiltServer["call"] = async (method, path, body, headers = {}) => {
    const response = await fetch(url + path, {
      method,
      headers: { ...(body !== undefined && { "content-type": "application/gzip" }), ...headers },
      ...(body !== undefined && { body: typeof body === "string" ? body : new Uint8Array(body) }),
      signal: AbortSignal.timeout(longestCallMs),
    });
    const isText = /json|text/.test(response.headers.get("content-type") ?? "");
    const text = isText ? await response.text() : "";
    if (!isText) await response.body?.pipeTo(new WritableStream());
    return { ok: response.ok, status: response.status, text };
  };
  return {
    ...{ url, pid, data, call },
    deploy: (id, version, bundle) =>
      call("POST", "/rpc/formations", bundle, { "x-formation-id": id, "x-formation-version": version }),
    pack(id, files) {
      const source = join(folder, "sources", id);
      rmSync(source, { recursive: true, force: true });
      mkdirSync(source, { recursive: true });
      for (const [name, content] of Object.entries(files)) {
        mkdirSync(join(source, name, ".."), { recursive: true });
        writeFileSync(join(source, name), content);
      }
      return execFileSync("tar", ["-cz", "-C", join(folder, "sources"), id], { maxBuffer: 2 ** 30 });
    },
    async stop() {
      const ended = once(child, "exit");
      end();
      process.off("exit", end);
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
