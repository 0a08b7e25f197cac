import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import xterm from "@xterm/headless";
import { until } from "../../../test/until.ts";
import type { World } from "./helpers.ts";

const muxi = fileURLToPath(new URL("../bin/muxi.js", import.meta.url));

/** A command at a terminal: what is typed, and what its screen shows. */
export interface PseudoTerminal {
  /** The lines of the screen and of what has scrolled out of it. */
  lines(): string[];
  /** Everything that was ever written, with what commands the terminal. */
  written(): string;
  /** Waits until the screen holds the text. */
  shows(text: string | RegExp): Promise<void>;
  type(keys: string): void;
  /** Makes the terminal wider or narrower, while there is a prompt. */
  resize(columns: number): Promise<void>;
  /** The exit code. */
  done: Promise<number | null>;
}

export interface TerminalSettings {
  columns?: number;
  rows?: number;
  env?: NodeJS.ProcessEnv;
  /** Where the command's output goes instead. */
  redirection?: string;
}

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

let opened = 0;

/** Starts the built command in a pseudo-terminal, which `script` of util-linux makes. */
export const openTerminal = async (
  { home, env }: World,
  args: readonly string[],
  { columns = 60, rows = 24, env: more = {}, redirection = "" }: TerminalSettings = {},
): Promise<PseudoTerminal> => {
  opened += 1;
  const nameFile = join(home, `terminal-${opened}`);
  const command = [process.execPath, muxi, ...args].map(quoted).join(" ");
  const shell = `tty > ${quoted(nameFile)}; stty cols ${columns} rows ${rows}; exec ${command} ${redirection}`;
  const child = spawn("script", ["-qfec", shell, "/dev/null"], {
    cwd: home,
    env: { ...env, TERM: "xterm-256color", ...more },
    stdio: "pipe",
  });
  const screen = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true });
  let written = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    written += text;
    screen.write(text);
  });
  const lines = () => {
    const buffer = screen.buffer.active;
    return Array.from(
      { length: buffer.length },
      (_, at) => buffer.getLine(at)?.translateToString(true) ?? "",
    );
  };
  return {
    lines,
    written: () => written,
    shows: async (text) => {
      await until(`the screen shows ${text}`, () => {
        const all = lines().join("\n");
        return typeof text === "string" ? all.includes(text) : text.test(all);
      }).catch((error: Error) => {
        throw new Error(`${error.message}\n${lines().join("\n").trimEnd()}`);
      });
    },
    type: (keys) => void child.stdin.write(keys),
    async resize(width) {
      const name = (await readFile(nameFile, "utf8")).trim();
      screen.resize(width, rows);
      const before = written.length;
      const stty = spawn("stty", ["-F", name, "cols", String(width)]);
      const [code] = await once(stty, "close");
      if (code !== 0) throw new Error(`stty has ended with ${code}`);
      await until("the prompt is drawn anew", () => written.length > before);
    },
    done: once(child, "close").then(([code]: (number | null)[]) => code ?? null),
  };
};
