import { type ChildProcess, spawn } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";
import { type ProcessLogFiles, tailLines, withProcessLogs } from "../logs/index.ts";

export interface ProcessCommand {
  command: string;
  args: string[];
  folder: string;
  env: NodeJS.ProcessEnv;
}

export interface ProcessOptions extends ProcessCommand {
  logsDirectory: string;
  logs: ProcessLogFiles;
  truncateLogs: boolean;
}

export interface HealthCheck {
  url: string;
  timeoutMs: number;
  /** Longest pause between two tries. The first ones follow quickly, because most formations start at once. */
  intervalMs: number;
}

/** A formation that did not become healthy. The message holds the end of its error output. */
export class StartError extends Error {
  override readonly name = "StartError";
}

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** One run of a formation's program: from its spawn to its exit. */
export interface FormationProcess {
  readonly pid: number;
  readonly exited: Promise<Exit>;
  /**
   * Resolves once the health address answers 2xx.
   *
   * @throws StartError when the process ends before, or stays unhealthy for too long.
   */
  healthy(check: HealthCheck): Promise<void>;
  /** SIGTERM, and SIGKILL to the whole group when the process is still there after `graceMs`. */
  stop(graceMs: number): Promise<void>;
}

const requestTimeoutMs = 5000;
const firstPauseMs = 25;
const tailLength = 20;

const killGroup = (pid: number): void => {
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    // No group any more: everything in it has ended.
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
};

const answersWell = async (url: string, signal: AbortSignal): Promise<boolean> => {
  try {
    const response = await fetch(url, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(requestTimeoutMs)]),
    });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false; // Not listening yet. The caller's limit decides how long that may last.
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

/**
 * Starts a formation's program in its own process group, with its output in log files. An IPC channel ties it to
 * the server: when the server dies, however it dies, the channel closes and the program ends itself.
 */
export const startProcess = async (options: ProcessOptions): Promise<FormationProcess> => {
  const child = withProcessLogs(
    options.logsDirectory,
    options.logs,
    { truncate: options.truncateLogs },
    ({ out, err }) =>
      spawn(options.command, options.args, {
        cwd: options.folder,
        env: options.env,
        stdio: ["ignore", out, err, "ipc"],
        detached: true,
      }),
  );
  const exited = new Promise<Exit>((resolve) => {
    child.once("exit", (code, signal) => resolve({ code, signal }));
  });
  const ready = new Promise<void>((resolve) => {
    child.on("message", (message) => {
      if (typeof message === "object" && message !== null && "type" in message && message.type === "ready")
        resolve();
    });
  });
  const pid = await spawned(child, options.command);
  let running = true;
  const gone = exited.then((exit) => {
    running = false;
    killGroup(pid); // Programs that the formation started would otherwise outlive it.
    return exit;
  });

  const failed = async (reason: string): Promise<StartError> => {
    const tail = await tailLines(options.logs.err, tailLength);
    return new StartError([reason, ...tail].join("\n"));
  };

  return {
    pid,
    exited: gone,
    async healthy({ url, timeoutMs, intervalMs }) {
      const giveUp = AbortSignal.timeout(timeoutMs);
      const ended = new AbortController();
      const exit = gone.then((how) => {
        ended.abort();
        return how;
      });
      const signal = AbortSignal.any([giveUp, ended.signal]);
      const pauseOver = () => undefined;
      let isReady = false;
      const becameReady = ready.then(() => {
        isReady = true;
      });
      let tries = 0;
      for (let pause = firstPauseMs; !signal.aborted; pause = Math.min(pause * 1.5, intervalMs)) {
        tries += 1;
        if (await answersWell(url, signal)) return;
        const wait = delay(pause, undefined, { signal }).catch(pauseOver);
        // The message cuts one pause short. Once it came, racing against it again would spin.
        await (isReady ? wait : Promise.race([wait, becameReady]));
      }
      if (ended.signal.aborted) {
        throw await failed(`Formation crashed during startup (${describe(await exit)}):`);
      }
      throw await failed(
        `Formation did not become healthy: health check failed after ${tries} attempts (timeout: ${timeoutMs / 1000}s). Its last error output:`,
      );
    },
    async stop(graceMs) {
      if (!running) return;
      child.kill("SIGTERM");
      const grace = new AbortController();
      const ended = await Promise.race([
        gone.then(() => true),
        delay(graceMs, false, { signal: grace.signal }).catch(() => false),
      ]);
      grace.abort();
      if (!ended) killGroup(pid);
      await gone;
    },
  };
};
