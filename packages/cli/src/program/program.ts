import { Command, CommanderError, Help, Option } from "commander";
import type { Context } from "../base/context.ts";
import { CliError } from "../base/errors.ts";
import { version } from "../base/version.ts";
import { addDeployedCommands } from "./deployed.ts";
import { addFormationCommands } from "./formation.ts";
import { addNewCommands } from "./new.ts";
import type { Registration } from "./options.ts";
import { addSecretsCommands } from "./secrets.ts";
import { addServerCommands } from "./server.ts";
import { addSetupCommands } from "./setup.ts";
import { addViewCommands } from "./views.ts";

/** The command line. */
export interface Program {
  /**
   * Runs a command.
   *
   * @returns Its exit code.
   * @throws CliError with what the user should know.
   */
  run(args: readonly string[]): Promise<number>;
}

const examples = `
Examples:
  $ muxi new formation my-bot      create a formation
  $ muxi up my-bot                 run it on this machine
  $ muxi chat "Hello"              talk to it
  $ muxi deploy my-bot             deploy it to a server
  $ muxi <command> --help          show the options of a command
`;

const help = new Help();

/** Leaves out the default of switches, which are always off. */
const describeOption = (option: Option): string =>
  option.defaultValue === false ? option.description : help.optionDescription(option);

/** Every command has `--help`, so `help` commands are not needed. */
const withoutHelpCommands = (command: Command): void => {
  command.helpCommand(false);
  for (const child of command.commands) withoutHelpCommands(child);
};

/** Every command with `--output` also takes `--json`. */
const withJson = (command: Command): void => {
  if (command.options.some(({ long }) => long === "--output")) {
    command.addOption(new Option("--json", "the same as --output json").implies({ output: "json" }));
  }
  for (const child of command.commands) withJson(child);
};

/** The command that the arguments lead to, with the names on the way. */
const commandOf = (program: Command, args: readonly string[]): { command: Command; path: string } => {
  const [name] = args;
  const command = program.commands.find(
    (each) => each.name() === name || each.aliases().includes(name ?? ""),
  );
  if (!command) return { command: program, path: "" };
  const below = commandOf(command, args.slice(1));
  return { command: below.command, path: `${command.name()} ${below.path}` };
};

/** Splits Commander's message into a title and details, such as the option or command that may have been meant. */
const usageError = (
  { code, message }: CommanderError,
  program: Command,
  args: readonly string[],
): CliError => {
  const { command, path } = commandOf(program, args);
  const hint = `Run: muxi ${path}--help`;
  const names = command.commands.map((child) => child.name());
  if (code === "commander.excessArguments" && names.length > 0) {
    const word = command.args.find((each) => !each.startsWith("-"));
    const detail = [`'muxi ${path.trim()}' has the commands ${names.join(", ")}`];
    return new CliError(`Unknown command '${word}'`, { detail, hint });
  }
  const [title = "", ...detail] = message.replace(/^error: /, "").split("\n");
  return new CliError(title.charAt(0).toUpperCase() + title.slice(1), {
    detail: detail.map((line) => line.replace(/^\((.*)\)$/, "$1")),
    hint,
  });
};

/**
 * Creates all commands with their options.
 *
 * @param run Runs the command that the arguments name.
 */
export const commandTree = (context: Context, run: Registration["run"]): Command => {
  const program = new Command("muxi")
    .description("Build, run and talk to AI agent formations.")
    .version(`muxi version ${version}`, "-v, --version", "print the version")
    .helpOption("-h, --help", "show help")
    .addHelpText("after", examples)
    .enablePositionalOptions()
    .exitOverride()
    .configureHelp({ optionDescription: describeOption })
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      writeErr: (text) => context.stderr.write(text),
      outputError: () => undefined, // Shown by main.ts, in the form of every other error.
    });

  const registration: Registration = { program, context, run };
  program.commandsGroup("Formation:");
  addFormationCommands(registration);
  addNewCommands(registration);
  addSecretsCommands(registration);
  program.commandsGroup("Running formation:");
  addViewCommands(registration);
  program.commandsGroup("Servers:");
  addDeployedCommands(registration);
  addServerCommands(registration);
  program.commandsGroup("Setup:");
  addSetupCommands(registration);
  withoutHelpCommands(program);
  withJson(program);
  return program;
};

/** Creates the program. Each command's code is loaded only when that command runs. */
export const createProgram = (context: Context): Program => {
  let exitCode = 0;
  const program = commandTree(context, async (command) => {
    exitCode = await command();
  });

  return {
    async run(args) {
      if (args.length === 0) {
        program.outputHelp();
        return 0;
      }
      try {
        await program.parseAsync(args, { from: "user" });
      } catch (error) {
        if (!(error instanceof CommanderError)) throw error;
        // Help and version have been printed; anything else is a mistake in the arguments.
        if (/^commander\.(help|helpDisplayed|version)$/.test(error.code)) return error.exitCode;
        throw usageError(error, program, args);
      }
      return exitCode;
    },
  };
};
