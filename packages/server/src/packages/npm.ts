import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { access, constants } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { asError } from "@muxi/http";
import { signalGroup } from "../processes/index.ts";
import { packagesError } from "./named.ts";

export interface NpmRun {
  /** Where it runs. */
  folder: string;
  /** Environment of the server, with the operator's settings of npm. */
  env: NodeJS.ProcessEnv;
  /** Ends it. */
  signal: AbortSignal;
  /** Told each line of its output. */
  onLine?: (line: string) => void;
}

/** Without news of npm itself, and without files of its own about the run. */
const quietly = ["--no-update-notifier", "--logs-max=0"];
/** Characters of a line that are told. */
const longestLine = 1_000;
/** Lines of an output that are kept. */
const mostLines = 100_000;

const isProgram = (file: string): Promise<boolean> =>
  access(file, constants.X_OK).then(
    () => true,
    () => false,
  );

/**
 * The npm beside this Node, else the first on PATH.
 *
 * @throws Failure 400 when there is none.
 */
const findNpm = async ({ PATH = "" }: NodeJS.ProcessEnv): Promise<string> => {
  const name = process.platform === "win32" ? "npm.cmd" : "npm";
  const folders = [dirname(process.execPath), ...PATH.split(delimiter).filter((folder) => folder !== "")];
  for (const folder of folders) {
    const file = join(folder, name);
    if (await isProgram(file)) return file;
  }
  throw packagesError(
    `npm was found neither beside Node (${dirname(process.execPath)}) nor on PATH of the server: install npm there, or remove package.json from the bundle`,
  );
};

const linesOf = (stream: Readable, tell: (line: string) => void): Promise<unknown> => {
  const lines = createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY });
  lines.on("line", (line) => tell(line.slice(0, longestLine)));
  return once(lines, "close");
};

/**
 * Runs npm.
 *
 * @returns Its exit code, and the lines of its standard output and of both outputs.
 * @throws Failure 400 when there is no npm; the signal's reason when it was ended.
 */
export const runNpm = async (
  args: readonly string[],
  { folder, env, signal, onLine }: NpmRun,
): Promise<{ code: number | null; output: string[]; all: string[] }> => {
  const npm = await findNpm(env);
  signal.throwIfAborted();
  const child: ChildProcess = spawn(npm, [...args, ...quietly], {
    cwd: folder,
    env: { ...env, PATH: [dirname(process.execPath), env.PATH].filter(Boolean).join(delimiter) },
    stdio: ["ignore", "pipe", "pipe"],
    // A process group of its own, to end all of it.
    detached: true,
  });
  const { pid, stdout, stderr } = child;
  const exited = once(child, "exit");
  if (pid === undefined || !stdout || !stderr) {
    const reason = await exited.catch(asError);
    throw packagesError(`${npm} could not be started${reason instanceof Error ? `: ${reason.message}` : ""}`);
  }
  const end = () => signalGroup(pid, "SIGKILL");
  signal.addEventListener("abort", end);
  const output: string[] = [];
  const all: string[] = [];
  const keep = (line: string) => {
    if (all.length < mostLines) all.push(line);
    onLine?.(line);
  };
  const read = [
    linesOf(stdout, (line) => {
      if (output.length < mostLines) output.push(line);
      keep(line);
    }),
    linesOf(stderr, keep),
  ];
  try {
    const [code] = await exited;
    await Promise.all(read);
    signal.throwIfAborted();
    return { code: typeof code === "number" ? code : null, output, all };
  } finally {
    signal.removeEventListener("abort", end);
  }
};
