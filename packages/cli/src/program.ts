import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import type { ChatOptions } from "./commands/chat/index.ts";
import type { DownOptions } from "./commands/down.ts";
import type { NewFormationOptions } from "./commands/new-formation.ts";
import type { SecretsListOptions, SecretsOptions } from "./commands/secrets.ts";
import type { ServerStartOptions, ServerStatusOptions, ServerStopOptions } from "./commands/server.ts";
import type { UpOptions } from "./commands/up/index.ts";
import type { ValidateOptions } from "./commands/validate.ts";
import type { Context } from "./context.ts";
import { CliError } from "./errors.ts";
import { outputFormats } from "./ui/index.ts";
import { version } from "./version.ts";

/** The command line: what there is, and which function does it. */
export interface Program {
  /**
   * Runs one command. Gives its exit code.
   *
   * @throws CliError for what the user should read.
   */
  run(args: readonly string[]): Promise<number>;
}

const parsePort = (text: string): number => {
  const port = Number(text);
  if (/^\d+$/.test(text) && port >= 1 && port <= 65_535) return port;
  throw new InvalidArgumentError("A port is a number from 1 to 65535.");
};

const outputOption = () =>
  new Option("--output <format>", "what to print").choices([...outputFormats]).default("text");
const portOption = () =>
  new Option("--port <port>", "port of the server (default: 7890)").argParser(parsePort);

const examples = `
Examples:
  $ muxi new formation my-bot      make a formation
  $ muxi up my-bot                 run it on this machine
  $ muxi chat "Hello"              talk to it
  $ muxi <command> --help          see what a command can do
`;

/** Commander's own message, as a title and what it adds: the flag or the command that may have been meant. */
const usageError = ({ message }: CommanderError, command: Command | undefined): CliError => {
  const [title = "", ...detail] = message.replace(/^error: /, "").split("\n");
  const hint = `Run: muxi ${command ? `${command.name()} ` : ""}--help`;
  return new CliError(title.charAt(0).toUpperCase() + title.slice(1), {
    detail: detail.map((line) => line.replace(/^\((.*)\)$/, "$1")),
    hint,
  });
};

/** Each command's file is loaded when the command is run, so that the others cost nothing. */
export const createProgram = (context: Context): Program => {
  let exitCode = 0;
  /** Runs a command and keeps its exit code. */
  const run = async (command: () => Promise<number>) => {
    exitCode = await command();
  };

  const program = new Command("muxi")
    .description("Build, run and talk to AI agent formations.")
    .version(`muxi version ${version}`, "-v, --version", "print the version")
    .helpOption("-h, --help", "show help")
    .helpCommand(false)
    .addHelpText("after", examples)
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      writeErr: (text) => context.stderr.write(text),
      outputError: () => undefined, // Shown by main.ts, in the form of every other error.
    });

  program.commandsGroup("Formation:");
  program
    .command("up [folder]")
    .description("run a formation on this machine until Ctrl+C")
    .addOption(portOption())
    .addOption(outputOption())
    .option("-d, --detach", "leave it running and return", false)
    .action((folder: string | undefined, options: UpOptions) =>
      run(async () => (await import("./commands/up/index.ts")).up(context, folder, options)),
    );
  program
    .command("down [formation]")
    .description("stop a formation that 'up' has started, by its id or its folder")
    .addOption(portOption())
    .addOption(outputOption())
    .action((formation: string | undefined, options: DownOptions) =>
      run(async () => (await import("./commands/down.ts")).down(context, formation, options)),
    );
  program
    .command("chat [message...]")
    .description("talk to a running formation: once with a message or piped input, else as a conversation")
    .option("-f, --formation <id>", "formation to talk to (default: the one of this folder, else the newest)")
    .option("-a, --agent <id>", "agent that is to answer")
    .option("-s, --session <id>", "session to continue")
    .option("-u, --user <id>", "who is talking")
    .option("--no-stream", "wait for the whole answer")
    .option("-v, --verbose", "show what happens while the answer is made", false)
    .addOption(outputOption())
    .action((words: string[], options: ChatOptions) =>
      run(async () => {
        const { chat } = await import("./commands/chat/index.ts");
        return chat(context, words.length > 0 ? words.join(" ") : undefined, options);
      }),
    );
  program
    .command("validate [folder]")
    .description("check the files of a formation")
    .addOption(outputOption())
    .option("-v, --verbose", "show suggestions too", false)
    .action((folder: string | undefined, options: ValidateOptions) =>
      run(async () => (await import("./commands/validate.ts")).validate(context, folder, options)),
    );

  const create = program.command("new").description("make something new");
  create
    .command("formation [name]")
    .description("make the folder of a new formation")
    .option("--description <text>", "what it is for")
    .option("--model <provider/name>", "text model, such as openai/gpt-4o-mini (default: the built-in one)")
    .option("--dir <folder>", "folder to make it in (default: the current one)")
    .option("--no-wizard", "ask nothing and take defaults")
    .addOption(outputOption())
    .action((name: string | undefined, options: NewFormationOptions) =>
      run(async () => (await import("./commands/new-formation.ts")).newFormation(context, name, options)),
    );

  const secrets = program.command("secrets").description("keep keys and passwords of a formation, encrypted");
  secrets
    .command("list")
    .description("list their names")
    .option("--with-values", "show the values too", false)
    .addOption(outputOption())
    .action((options: SecretsListOptions) =>
      run(async () => (await import("./commands/secrets.ts")).listSecrets(context, options)),
    );
  secrets
    .command("get <name>")
    .description("print one")
    .action((name: string) =>
      run(async () => (await import("./commands/secrets.ts")).getSecret(context, name)),
    );
  secrets
    .command("set <name> [value]")
    .description(
      "store one; without a value it is asked for or read from a pipe, which keeps it out of the history",
    )
    .addOption(outputOption())
    .action((name: string, value: string | undefined, options: SecretsOptions) =>
      run(async () => (await import("./commands/secrets.ts")).setSecret(context, name, value, options)),
    );
  secrets
    .command("delete <name>")
    .description("remove one")
    .addOption(outputOption())
    .action((name: string, options: SecretsOptions) =>
      run(async () => (await import("./commands/secrets.ts")).deleteSecret(context, name, options)),
    );

  program.commandsGroup("Server:");
  const server = program.command("server").description("run the MUXI server of this machine");
  server
    .command("start")
    .description("start it on this terminal, or in the background")
    .addOption(portOption())
    .addOption(outputOption())
    .option("--daemon", "in the background", false)
    .action((options: ServerStartOptions) =>
      run(async () => (await import("./commands/server.ts")).serverStart(context, options)),
    );
  server
    .command("stop")
    .description("stop it, and every formation on it")
    .addOption(outputOption())
    .action((options: ServerStopOptions) =>
      run(async () => (await import("./commands/server.ts")).serverStop(context, options)),
    );
  server
    .command("status")
    .description("show whether it runs, and what on it")
    .addOption(portOption())
    .addOption(outputOption())
    .action((options: ServerStatusOptions) =>
      run(async () => (await import("./commands/server.ts")).serverStatus(context, options)),
    );

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
        // Help and version have been printed; everything else is a mistake in the arguments.
        if (/^commander\.(help|helpDisplayed|version)$/.test(error.code)) return error.exitCode;
        throw usageError(
          error,
          program.commands.find((command) => command.name() === args[0]),
        );
      }
      return exitCode;
    },
  };
};
