import { type Command, InvalidArgumentError, Option } from "commander";
import type { Context } from "../base/context.ts";
import { outputFormats } from "../ui/index.ts";

/** What a group of commands needs to register itself. */
export interface Registration {
  program: Command;
  context: Context;
  /** Runs a command and keeps its exit code. */
  run(command: () => Promise<number>): Promise<void>;
}

const parsePort = (text: string): number => {
  const port = Number(text);
  if (/^\d+$/.test(text) && port >= 1 && port <= 65_535) return port;
  throw new InvalidArgumentError("It must be a number from 1 to 65535.");
};

export const parseCount = (text: string): number => {
  const count = Number(text);
  if (/^\d+$/.test(text) && count >= 1 && count <= 10_000) return count;
  throw new InvalidArgumentError("It must be a number from 1 to 10000.");
};

export const parseSeconds = (text: string): number => {
  if (/^\d{1,10}$/.test(text) && Number(text) >= 1) return Number(text);
  throw new InvalidArgumentError("It must be a whole number of seconds.");
};

export const outputOption = () =>
  new Option("--output <format>", "output format").choices([...outputFormats]).default("text");
export const portOption = () =>
  new Option("--port <port>", "port of the server (default: 7890)").argParser(parsePort);
export const profileOption = () =>
  new Option("--profile <name>", "server to manage (default: your default profile, else this machine)");
export const targetOption = () =>
  new Option(
    "-f, --formation <id>",
    "formation to talk to (default: that of this folder, else the one started last)",
  );

/** Hands options that come before the command of a group down to it: `muxi sessions -u ann list`. */
export const inherit = (group: Command, command: Command): void => {
  for (const [name, value] of Object.entries(group.opts())) {
    if (group.getOptionValueSource(name) === "cli") command.setOptionValueWithSource(name, value, "cli");
  }
};

/** The options of commands that talk to a running formation. */
export const withTarget = (command: Command): Command =>
  command
    .addOption(targetOption())
    .option("-p, --profile <name>", "server that it is deployed on")
    .option("--draft", "only a formation started by 'up'", false)
    .option("-u, --user <id>", "user whose data is meant")
    .addOption(outputOption());

export const logLevels = ["debug", "info", "warn", "error", "critical"] as const;
export const forceOption = () => new Option("-f, --force", "do not ask for confirmation").default(false);
