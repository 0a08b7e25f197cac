import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { createServer } from "node:net";

/** A program to measure. */
export interface Program {
  /** Default: this `node`. */
  command?: string;
  args: string[];
  env?: Record<string, string>;
  /** Where it runs. Default: here. */
  folder?: string;
}

export interface Running {
  readonly pid: number;
  readonly ended: boolean;
  /** Settles when it ends, with its exit code. */
  readonly exit: Promise<number | null>;
  /** SIGTERM, and SIGKILL when it is still there after five seconds. */
  stop(): Promise<void>;
}

const graceMs = 5_000;
const live = new Set<ChildProcess>();

// The last line of defence: whatever way the bench ends, nothing that it started outlives it.
process.on("exit", () => {
  for (const child of live) child.kill("SIGKILL");
});

const stopChild = async (child: ChildProcess): Promise<void> => {
  if (!live.has(child)) return;
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), graceMs);
  await exited;
  clearTimeout(timer);
};

/** Starts a program on one core; its output goes to a file. */
export const startProgram = async (program: Program, core: number, logFile: string): Promise<Running> => {
  const log = openSync(logFile, "a");
  const child = spawn("taskset", ["-c", String(core), program.command ?? process.execPath, ...program.args], {
    env: { ...process.env, ...program.env },
    stdio: ["ignore", log, log],
    ...(program.folder !== undefined && { cwd: program.folder }),
  });
  closeSync(log);
  const exit = new Promise<number | null>((resolve) => {
    child.once("exit", (code) => {
      live.delete(child);
      resolve(code);
    });
  });
  const pid = await new Promise<number>((resolve, reject) => {
    child.once("spawn", () => resolve(child.pid ?? 0));
    child.once("error", reject);
  });
  live.add(child);
  return {
    pid,
    exit,
    get ended() {
      return !live.has(child);
    },
    stop: () => stopChild(child),
  };
};

/** Ends everything that was started. */
export const stopAll = async (): Promise<void> => {
  await Promise.all([...live].map(stopChild));
};

/** A port that nobody listens on at the moment. */
export const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const probe = createServer().once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
