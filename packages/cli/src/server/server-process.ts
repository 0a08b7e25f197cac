import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, fstatSync, mkdirSync, openSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { isAlive, readServerPid } from "@muxi/server";
import type { Context } from "../base/context.ts";
import { CliError } from "../base/errors.ts";
import type { LocalServer } from "./local-server.ts";
import { probe } from "./probe.ts";

/** Program and arguments of `muxi-server`, run by this process's Node with the same flags. */
const serverCommand = (args: readonly string[]): [string, string[]] => {
  const program = fileURLToPath(import.meta.resolve("@muxi/server/main"));
  return [process.execPath, [...process.execArgv, program, ...args]];
};

const startTimeoutMs = 30_000;
const stopTimeoutMs = 15_000;
const pollMs = 25;
const tailLength = 10;

const exitOf = (child: ChildProcess): Promise<number> =>
  new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => resolve(code ?? 1));
  });

/**
 * Runs the server on this terminal.
 *
 * @returns Its exit code.
 */
export const runServer = async ({ env, cwd }: Context, args: readonly string[]): Promise<number> => {
  const [command, commandArgs] = serverCommand(args);
  const child = spawn(command, commandArgs, { cwd, env, stdio: "inherit" });
  // On Ctrl+C the terminal signals the server, too, but a signal to this process alone has to be forwarded.
  const pass = (signal: NodeJS.Signals) => child.kill(signal);
  process.on("SIGINT", pass).on("SIGTERM", pass);
  try {
    return await exitOf(child);
  } finally {
    process.off("SIGINT", pass).off("SIGTERM", pass);
  }
};

const failedStart = async ({ logFile }: LocalServer, logSize: number, reason: string): Promise<CliError> => {
  const output = (await readFile(logFile)).subarray(logSize).toString("utf8").trim();
  const lines = output === "" ? [] : output.split("\n").slice(-tailLength);
  return new CliError("The server did not start", {
    detail: [reason, ...lines.map((line) => line.replace(/^Error: /, ""))],
    hint: `Its log: ${logFile}`,
  });
};

/**
 * Starts the server in the background, with its output in its log folder, and waits until it responds.
 *
 * @returns Its process id; undefined if another command has started a server there at the same time.
 * @throws CliError with its output, if it ends or does not respond.
 */
export const launchServer = async (
  { env, home }: Context,
  server: LocalServer,
): Promise<number | undefined> => {
  mkdirSync(dirname(server.logFile), { recursive: true, mode: 0o700 });
  const log = openSync(server.logFile, "a", 0o600);
  const logSize = fstatSync(log).size;
  const [command, args] = serverCommand(["start", "--port", String(server.port)]);
  // Detached, so that Ctrl+C does not reach it. In the home folder, so that it does not keep another folder busy.
  const child = spawn(command, args, { cwd: home, env, stdio: ["ignore", log, log], detached: true });
  closeSync(log);
  let exitCode: number | undefined;
  const exited = exitOf(child).then((code) => {
    exitCode = code;
  });
  const deadline = performance.now() + startTimeoutMs;
  while (performance.now() < deadline) {
    const answers = (await probe(server.url)).kind === "muxi";
    if (exitCode !== undefined) {
      if (answers) return undefined;
      throw await failedStart(server, logSize, `It exited with code ${exitCode}:`);
    }
    if (answers && (await readServerPid(server.directories.data))?.pid === child.pid) {
      child.unref();
      return child.pid;
    }
    await Promise.race([exited, delay(pollMs)]);
  }
  child.kill("SIGKILL");
  throw await failedStart(server, logSize, `It did not respond within ${startTimeoutMs / 1000} seconds:`);
};

/** Asks a process to end, and waits. False if it is still running after 15 seconds. */
export const stopProcess = async (pid: number): Promise<boolean> => {
  if (isAlive(pid)) process.kill(pid, "SIGTERM");
  const deadline = performance.now() + stopTimeoutMs;
  while (isAlive(pid)) {
    if (performance.now() > deadline) return false;
    await delay(pollMs);
  }
  return true;
};
