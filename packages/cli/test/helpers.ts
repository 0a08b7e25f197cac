import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { freePort, portRange } from "../../../test/ports.ts";
import { until } from "../../../test/until.ts";
import type { Context } from "../src/base/context.ts";
import { run } from "../src/run.ts";

const repository = fileURLToPath(new URL("../../..", import.meta.url));

/** The command under test: what a user runs, as built. */
const muxiCommand = [join(repository, "packages/cli/bin/muxi.js")];

export { isAlive } from "@muxi/server";

const toolProgram = fileURLToPath(new URL("tool-program.mjs", import.meta.url));

/** The file of an MCP server with these tools. */
export const toolServer = (id: string, tools: readonly object[]): string =>
  `schema: "1.0.0"
id: ${id}
description: A server of the tests
type: command
command: ${process.execPath}
args: ${JSON.stringify([toolProgram, JSON.stringify(tools)])}
`;

export interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** A command that has been started. */
export interface Running {
  pid: number;
  stdout(): string;
  stderr(): string;
  /** Waits until stdout holds the text. */
  shows(text: string): Promise<void>;
  kill(signal: NodeJS.Signals): void;
  done: Promise<Outcome>;
}

/** A home folder of its own with a server port of its own: what the command does here is seen nowhere else. */
export interface World {
  home: string;
  port: number;
  env: NodeJS.ProcessEnv;
  /** Writes a formation folder and gives its path. */
  formation(id: string, files?: Record<string, string>): Promise<string>;
  /** A copy of examples/hello. */
  hello(): Promise<string>;
  /** Starts the built command as a process, which signals can reach. */
  start(args: readonly string[], options?: { cwd?: string; input?: string }): Running;
  /**
   * Runs a command to its end: from source in this process, which takes a fraction of the time. Those that may start a
   * server are started as built, since a server gets the flags of the process that starts it.
   */
  run(args: readonly string[], options?: { cwd?: string; input?: string }): Promise<Outcome>;
  /** Stops whatever still runs and removes the folder. */
  close(): Promise<void>;
}

const startsServers: ReadonlySet<string> = new Set(["up", "dev", "server"]);

/** Nothing of the surroundings counts: no provider's key, no setting of MUXI. */
const cleanEnvironment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^(MUXI_|VITEST|NODE_OPTIONS|OPENAI_|.*_API_KEY$)/.test(name),
    ),
  );

export const createWorld = async (settings: NodeJS.ProcessEnv = {}): Promise<World> => {
  const home = await realpath(await mkdtemp(join(tmpdir(), "muxi-cli-")));
  const port = await freePort();
  const env: NodeJS.ProcessEnv = {
    ...cleanEnvironment(),
    HOME: home,
    USERPROFILE: home,
    MUXI_SERVER_PORT: String(port),
    ...(await portRange()),
    // Shared by all tests: a fresh home would have to compile everything anew.
    NODE_COMPILE_CACHE: join(tmpdir(), "muxi-test-compile-cache"),
    ...settings,
  };
  const children = new Set<ChildProcess>();

  const start: World["start"] = (args, { cwd = home, input } = {}) => {
    const child = spawn(process.execPath, [...muxiCommand, ...args], { cwd, env, stdio: "pipe" });
    children.add(child);
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    child.stdin.end(input ?? "");
    let ended = false;
    const done = once(child, "close").then(([code]: (number | null)[]) => {
      ended = true;
      children.delete(child);
      return { code: code ?? null, stdout, stderr };
    });
    return {
      pid: child.pid ?? 0,
      stdout: () => stdout,
      stderr: () => stderr,
      shows: async (text) => {
        await until(`stdout shows ${text}`, () => {
          if (ended && !stdout.includes(text))
            throw new Error(`ended without showing ${text}:\n${stdout}${stderr}`);
          return stdout.includes(text);
        });
      },
      kill: (signal) => child.kill(signal),
      done,
    };
  };

  const runHere: World["run"] = async (args, { cwd = home, input = "" } = {}) => {
    let [stdout, stderr] = ["", ""];
    const sink = (take: (text: string) => void) =>
      new Writable({
        decodeStrings: false,
        write(text, _encoding, done) {
          take(text);
          done();
        },
      });
    const context: Context = {
      env,
      cwd,
      home,
      stdin: Readable.from(input === "" ? [] : [Buffer.from(input)]),
      stdout: sink((text) => {
        stdout += text;
      }),
      stderr: sink((text) => {
        stderr += text;
      }),
    };
    return { code: await run(context, args), stdout, stderr };
  };

  const formation: World["formation"] = async (id, files = {}) => {
    const dir = join(home, id);
    const manifest = `schema: "1.0.0"\nid: ${id}\ndescription: A formation of the tests\n`;
    for (const [name, text] of Object.entries({ "formation.afs": manifest, ...files })) {
      await mkdir(dirname(join(dir, name)), { recursive: true });
      await writeFile(join(dir, name), text);
    }
    return dir;
  };

  return {
    home,
    port,
    env,
    formation,
    async hello() {
      const dir = join(home, "hello");
      await cp(join(repository, "examples/hello"), dir, { recursive: true });
      return dir;
    },
    start,
    run: (args, options) =>
      startsServers.has(args[0] ?? "") ? start(args, options).done : runHere(args, options),
    async close() {
      const left = [...children];
      for (const child of left) child.kill("SIGKILL");
      await Promise.all(left.map((child) => child.exitCode ?? once(child, "close")));
      await runHere(["server", "stop"]);
      await rm(home, { recursive: true, force: true });
    },
  };
};
