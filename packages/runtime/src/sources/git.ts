import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { isSystemError } from "@muxi/formation";
import { SourceError } from "./source.ts";

/** Most bytes of what git says beside its output. */
const mostSaid = 2_000;

export interface GitRun {
  /** The repository's folder. */
  folder: string;
  /** Settings, some of them secret: they are in the environment, where other users do not see them. */
  settings: Readonly<Record<string, string>>;
  signal: AbortSignal;
}

/** The settings of git for one call, and none of the machine's or of its user. */
const environmentOf = ({ folder, settings }: GitRun): NodeJS.ProcessEnv => {
  const { PATH, http_proxy, https_proxy, HTTPS_PROXY, no_proxy, NO_PROXY } = process.env;
  const entries = Object.entries(settings);
  return {
    ...{ PATH, http_proxy, https_proxy, HTTPS_PROXY, no_proxy, NO_PROXY },
    ...{
      HOME: folder,
      LC_ALL: "C",
      GIT_DIR: folder,
      GIT_CONFIG_NOSYSTEM: "1",
      GIT_CONFIG_GLOBAL: "/dev/null",
    },
    ...{ GIT_TERMINAL_PROMPT: "0", GIT_ASKPASS: "true", GIT_CONFIG_COUNT: String(entries.length) },
    ...Object.fromEntries(
      entries.flatMap(([key, value], at) => [
        [`GIT_CONFIG_KEY_${at}`, key],
        [`GIT_CONFIG_VALUE_${at}`, value],
      ]),
    ),
  };
};

/** Ends git with what it has started. */
const end = ({ pid }: ChildProcess) => {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    if (!isSystemError(error, "ESRCH")) throw error;
  }
};

/**
 * Runs git, whose output goes into a stream.
 *
 * @throws SourceError when git fails or is not there
 */
export const runGit = async (args: readonly string[], into: Writable, run: GitRun): Promise<void> => {
  const { signal } = run;
  signal.throwIfAborted();
  const child = spawn("git", args, {
    env: environmentOf(run),
    stdio: ["ignore", "pipe", "pipe"],
    // It starts programs of its own: all of them are one group.
    detached: true,
  });
  const stop = () => end(child);
  signal.addEventListener("abort", stop, { once: true });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (piece: string) => {
    said = `${said}${piece}`.slice(-mostSaid);
  });
  try {
    const closed = once(child, "close");
    const [[code]] = await Promise.all([closed, pipeline(child.stdout, into)]);
    if (code === 0) return;
  } catch (error) {
    signal.throwIfAborted();
    if (!isSystemError(error, "ENOENT")) throw error;
    throw new SourceError("git is not installed, by which repositories are read: install it");
  } finally {
    signal.removeEventListener("abort", stop);
    stop();
  }
  signal.throwIfAborted();
  const [last = ""] = said.trim().split("\n").slice(-1);
  throw new SourceError(`git: ${last.slice(0, 300)}`, { isTransient: true });
};

/** With older ones, a host could have another address than the one that was checked: they know no `http.curloptResolve`. */
const oldest = [2, 37] as const;

/** @throws SourceError when git is too old, or is not there */
export const checkGit = async (run: GitRun): Promise<void> => {
  const said = await outputOfGit(["--version"], mostSaid, run);
  const [version = "", major, minor] = /(\d{1,4})\.(\d{1,4})(?:\.\d{1,4})?/.exec(said) ?? [];
  const [first, second] = oldest;
  if (Number(major) > first || (Number(major) === first && Number(minor) >= second)) return;
  throw new SourceError(
    `git ${version} is too old, by which repositories are read: install ${oldest.join(".")} or newer`,
  );
};

/**
 * The output of git as text.
 *
 * @param most Bytes that it may have.
 */
export const outputOfGit = async (args: readonly string[], most: number, run: GitRun): Promise<string> => {
  const pieces: Buffer[] = [];
  let size = 0;
  const collect = new Writable({
    write(piece: Buffer, _, done) {
      size += piece.length;
      pieces.push(piece);
      done(size > most ? new SourceError("it has too many files") : null);
    },
  });
  await runGit(args, collect, run);
  return Buffer.concat(pieces).toString("utf8");
};
