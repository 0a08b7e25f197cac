import type { VersionPart } from "@muxi/formation";
import { Argument, Option } from "commander";
import type { BackupOptions, RestoreOptions } from "../commands/backup/index.ts";
import type { BumpOptions } from "../commands/bump.ts";
import type { ChatOptions } from "../commands/chat/index.ts";
import type { DownOptions } from "../commands/down.ts";
import type { UpOptions } from "../commands/up/index.ts";
import type { ValidateOptions } from "../commands/validate.ts";
import { outputOption, portOption, type Registration, targetOption } from "./options.ts";

/** The commands for the formation of a folder. */
export const addFormationCommands = ({ program, context, run }: Registration): void => {
  program
    .command("up [folder]")
    .description("run a formation on this machine until Ctrl+C")
    .addOption(portOption())
    .addOption(outputOption())
    .option("-d, --detach", "leave it running in the background", false)
    .option("--check", "also refuse it when an MCP server does not list its tools", false)
    .option("-f, --force", "start it whatever models and MCP servers lack", false)
    .addOption(
      new Option("-w, --watch", "restart it when its files change").default(false).conflicts("detach"),
    )
    .action((folder: string | undefined, options: UpOptions) =>
      run(async () => (await import("../commands/up/index.ts")).up(context, folder, options)),
    );
  program
    .command("dev [folder]")
    .description("same as up --watch")
    .addOption(portOption())
    .addOption(outputOption())
    .action((folder: string | undefined, options: Omit<UpOptions, "check" | "detach" | "force" | "watch">) =>
      run(async () =>
        (await import("../commands/up/index.ts")).up(context, folder, {
          ...options,
          detach: false,
          check: false,
          force: false,
          watch: true,
        }),
      ),
    );
  program
    .command("down [formation]")
    .description("stop a formation started by 'up', by its id or folder")
    .addOption(portOption())
    .addOption(outputOption())
    .action((formation: string | undefined, options: DownOptions) =>
      run(async () => (await import("../commands/down.ts")).down(context, formation, options)),
    );
  program
    .command("chat [message...]")
    .description("talk to a running formation: one message (or piped input), or else a conversation")
    .addOption(targetOption())
    .option("-p, --profile <name>", "server that it is deployed on")
    .option("--draft", "only a formation started by 'up'", false)
    .option("-a, --agent <id>", "agent to answer")
    .option("-s, --session <id>", "session to continue")
    .option("-u, --user <id>", "user who is talking")
    .addOption(
      new Option("--on-busy <mode>", "what to do while the session is at work on another message").choices([
        "enqueue",
        "reject",
        "interrupt",
        "steer",
      ]),
    )
    .option("--file <path>", "file to send with the message, up to 100 MB; a recording needs no message")
    .option("--no-stream", "show the answer only when it is complete")
    .option("-v, --verbose", "show what happens while the formation answers", false)
    .option("--debug", "show all requests and events", false)
    .addOption(outputOption())
    .action((words: string[], options: ChatOptions) =>
      run(async () => {
        const { chat } = await import("../commands/chat/index.ts");
        return chat(context, words.length > 0 ? words.join(" ") : undefined, options);
      }),
    );
  program
    .command("validate [folder]")
    .description("check the files of a formation")
    .addOption(outputOption())
    .option("-v, --verbose", "also show suggestions", false)
    .action((folder: string | undefined, options: ValidateOptions) =>
      run(async () => (await import("../commands/validate.ts")).validate(context, folder, options)),
    );
  const passphraseOption = () =>
    new Option(
      "--passphrase-file <path>",
      "file with the passphrase (default: MUXI_BACKUP_PASSPHRASE, or asked for)",
    );
  program
    .command("backup [formation]")
    .description("write everything that a formation is into one encrypted file, also while it runs")
    .requiredOption("-o, --out <file>", "file to write")
    .option("--remote", "the formation that is deployed on a server, not the folder here", false)
    .option("-p, --profile <name>", "the server, with --remote")
    .addOption(passphraseOption())
    .option("-f, --force", "replace a file that exists", false)
    .addOption(outputOption())
    .action((formation: string | undefined, options: BackupOptions) =>
      run(async () => (await import("../commands/backup/index.ts")).backup(context, formation, options)),
    );
  program
    .command("restore <file>")
    .description("make a formation's folder, or what is deployed on a server, from a backup")
    .option("--dir <folder>", "folder to restore into (default: one named after the formation)")
    .addOption(passphraseOption())
    .option("--remote", "deploy it on a server, with all that it had learned", false)
    .option("-p, --profile <name>", "the server, with --remote")
    .option("-f, --force", "replace a folder, or a deployed formation, that exists", false)
    .addOption(outputOption())
    .action((file: string, options: RestoreOptions) =>
      run(async () => (await import("../commands/backup/index.ts")).restore(context, file, options)),
    );
  program
    .command("bump")
    .description("increase the version in the manifest")
    .addArgument(
      new Argument("[part]", "part to increase")
        .choices(["patch", "minor", "major"] satisfies VersionPart[])
        .default("patch"),
    )
    .option("--set <version>", "set this version instead")
    .addOption(outputOption())
    .action((part: VersionPart, options: BumpOptions) =>
      run(async () => (await import("../commands/bump.ts")).bump(context, part, options)),
    );
};
