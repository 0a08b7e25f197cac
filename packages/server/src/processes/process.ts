import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { dirname } from "node:path";
import { isSystemError } from "@muxi/formation";
import { type FormationProblem, processMessageSchema, type TokensMessage } from "@muxi/protocol";
import { diskFailure, isDiskFull } from "../base/disk.ts";
import { endsWithin, pause } from "../base/time.ts";
import { type ProcessLogFiles, tailLines, withProcessLogs } from "../logs/index.ts";
import { formatIdentity, startTimeOf } from "./identity.ts";
import { problemsAsker } from "./problems.ts";

export interface ProcessCommand {
  command: string;
  args: string[];
  folder: string;
  env: NodeJS.ProcessEnv;
}

export interface ProcessOptions extends ProcessCommand {
  logs: ProcessLogFiles;
  truncateLogs: boolean;
  /** Identifies the process to the next server if this one is killed. */
  pidFile: string;
  /** Called with the tokens that the formation's requests have used. */
  onTokens: (models: TokensMessage["models"]) => void;
}

/** Where a formation's health can be checked. */
export interface HealthAddress {
  url: string;
  /** Accepts a response with any status, not only 2xx. */
  anyStatus: boolean;
}

export interface HealthCheck extends HealthAddress {
  timeoutMs: number;
  /** Longest pause between two checks. The first ones follow quickly, because most formations start at once. */
  intervalMs: number;
  /** Cancels the wait. */
  signal?: AbortSignal | undefined;
  /** Called before each check with the number of intervals that have begun. */
  onAttempt?: ((attempt: number) => void) | undefined;
}

/** A formation did not become healthy. The message contains the end of its error output. */
export class StartError extends Error {
  override readonly name = "StartError";
}

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** One run of a formation's program, from its start to its exit. */
export interface FormationProcess {
  readonly pid: number;
  readonly exited: Promise<Exit>;
  /**
   * Resolves when the process has sent "ready" and its health check succeeds. The health check alone could be
   * answered by another program that took the port a moment before.
   *
   * @throws StartError when the process ends first, or is not healthy in time.
   */
  healthy(check: HealthCheck): Promise<void>;
  /**
   * What it cannot use.
   *
   * @throws StartError when it ends or does not answer in time; the signal's reason.
   */
  problems(options: {
    wait: boolean;
    timeoutMs: number;
    signal?: AbortSignal | undefined;
  }): Promise<FormationProblem[]>;
  /** Sends SIGTERM, and SIGKILL to the process group if the process has not ended after `graceMs`. */
  stop(graceMs: number): Promise<void>;
}

const requestTimeoutMs = 5000;
const firstPauseMs = 25;
const tailLength = 20;

/** Sends a signal to a process and everything it started. */
export const signalGroup = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    // ESRCH: all of it has ended. EPERM: what is left now runs as another user, who alone can end it.
    if (!isSystemError(error, "ESRCH", "EPERM")) throw error;
  }
};

/** Whether a health check succeeds in time. */
export const isHealthy = async ({ url, anyStatus }: HealthAddress, signal: AbortSignal): Promise<boolean> => {
  try {
    const response = await fetch(url, { signal });
    await response.body?.cancel();
    return anyStatus || response.ok;
  } catch {
    return false; // Not listening yet, or too slow. The caller decides how long to wait.
  }
};

const describe = ({ code, signal }: Exit): string =>
  signal === null ? `exit code ${code}` : `signal ${signal}`;

const spawned = (child: ChildProcess, command: string): Promise<number> =>
  new Promise((resolve, reject) => {
    child.once("spawn", () => {
      if (child.pid !== undefined) resolve(child.pid);
    });
    child.once("error", (error) =>
      reject(new StartError(`Formation could not be started with ${command}: ${error.message}`)),
    );
  });

const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;

/**
 * Starts a formation's program in its own process group, with its output in log files. An IPC channel ties it to the
 * server: when the server ends in whatever way, the channel closes and the program exits.
 */
export const startProcess = async (options: ProcessOptions): Promise<FormationProcess> => {
  const { logs, truncateLogs, pidFile } = options;
  const errorsFrom = truncateLogs ? 0 : sizeOf(logs.err);
  const child = withProcessLogs(logs, { truncate: truncateLogs }, ({ out, err }) =>
    spawn(options.command, options.args, {
      cwd: options.folder,
      env: options.env,
      stdio: ["ignore", out, err, "ipc"],
      detached: true,
    }),
  );
  const startTime = child.pid === undefined ? undefined : startTimeOf(child.pid);
  // Before anything else, since this server may be killed at any moment.
  if (child.pid !== undefined && startTime !== undefined) {
    try {
      mkdirSync(dirname(pidFile), { recursive: true });
      writeFileSync(pidFile, formatIdentity({ pid: child.pid, startTime }), { mode: 0o600 });
    } catch (error) {
      signalGroup(child.pid, "SIGKILL"); // No other server could find it.
      rmSync(pidFile, { force: true });
      throw error;
    }
  }
  const exited = new Promise<Exit>((resolve) => {
    child.once("exit", (code, signal) => resolve({ code, signal }));
  });
  const ready = new Promise<void>((resolve) => {
    child.on("message", (message) => {
      const { data } = processMessageSchema().safeParse(message);
      if (data?.type === "ready") resolve();
      else if (data) options.onTokens(data.models);
    });
  });
  const ask = problemsAsker(child);
  const pid = await spawned(child, options.command);
  let running = true;
  const gone = exited.then(async (exit) => {
    running = false;
    signalGroup(pid, "SIGKILL"); // Otherwise programs that the formation started would outlive it.
    await rm(pidFile, { force: true });
    return exit;
  });

  /** @param what Without punctuation at its end. */
  const failed = async (what: string): Promise<StartError> => {
    const tail = await tailLines(logs.err, tailLength, { from: errorsFrom });
    const said = tail.filter((line) => line.trim() !== "");
    if (said.length > 0) return new StartError([`${what}. Its last error output:`, ...said].join("\n"));
    const isLost = await isDiskFull(dirname(logs.err));
    return new StartError(`${what}. ${isLost ? diskFailure().message : "It wrote no error output."}`);
  };

  return {
    pid,
    exited: gone,
    async healthy({ url, anyStatus, timeoutMs, intervalMs, signal: cancelled, onAttempt }) {
      const giveUp = AbortSignal.timeout(timeoutMs);
      const ended = new AbortController();
      const exit = gone.then((how) => {
        ended.abort();
        return how;
      });
      const signal = AbortSignal.any([giveUp, ended.signal, ...(cancelled ? [cancelled] : [])]);
      let isReady = false;
      const becameReady = ready.then(() => {
        isReady = true;
      });
      const startedAt = performance.now();
      let tries = 0;
      for (let pauseMs = firstPauseMs; !signal.aborted; pauseMs = Math.min(pauseMs * 1.5, intervalMs)) {
        tries += 1;
        onAttempt?.(1 + Math.floor((performance.now() - startedAt) / intervalMs));
        const inTime = AbortSignal.any([signal, AbortSignal.timeout(requestTimeoutMs)]);
        const healthy = await isHealthy({ url, anyStatus }, inTime);
        if (healthy && running && isReady) return;
        const wait = pause(pauseMs, signal);
        // "ready" cuts one pause short. After it has come, racing with it again would be a busy loop.
        await (isReady ? wait : Promise.race([wait, becameReady]));
      }
      if (ended.signal.aborted) {
        throw await failed(`Formation crashed during startup (${describe(await exit)})`);
      }
      cancelled?.throwIfAborted();
      throw await failed(
        `Formation did not become healthy: health check failed after ${tries} attempts (timeout: ${timeoutMs / 1000}s)`,
      );
    },
    async problems({ wait, timeoutMs, signal: cancelled }) {
      const late = AbortSignal.timeout(timeoutMs);
      const ended = new AbortController();
      void gone.then(() => ended.abort());
      try {
        return await ask({
          wait,
          signal: AbortSignal.any([late, ended.signal, ...(cancelled ? [cancelled] : [])]),
        });
      } catch (error) {
        cancelled?.throwIfAborted();
        if (!late.aborted && !ended.signal.aborted) throw error;
        throw await failed(
          ended.signal.aborted
            ? "Formation crashed while it was checked"
            : `Formation did not say within ${timeoutMs / 1000} s what it cannot use`,
        );
      }
    },
    async stop(graceMs) {
      if (!running) return gone.then(() => undefined);
      child.kill("SIGTERM");
      if (!(await endsWithin(graceMs, gone))) signalGroup(pid, "SIGKILL");
      await gone;
    },
  };
};
