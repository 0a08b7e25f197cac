import type { VersionPart } from "@muxi/formation";
import { Argument, Option } from "commander";
import type { BumpOptions } from "../commands/bump.ts";
import type { ChatOptions } from "../commands/chat/index.ts";
import type { DownOptions } from "../commands/down.ts";
import type { UpOptions } from "../commands/up/index.ts";
import type { ValidateOptions } from "../commands/validate.ts";
import { outputOption, portOption, type Registration } from "./options.ts";

/** What is done with the formation of a folder. */
export const addFormationCommands = ({ program, context, run }: Registration): void => {
  program
    .command("up [folder]")
    .description("run a formation on this machine until Ctrl+C")
    .addOption(portOption())
    .addOption(outputOption())
    .option("-d, --detach", "leave it running and return", false)
    .addOption(
      new Option("-w, --watch", "start it anew when its files change").default(false).conflicts("detach"),
    )
    .action((folder: string | undefined, options: UpOptions) =>
      run(async () => (await import("../commands/up/index.ts")).up(context, folder, options)),
    );
  program
    .command("down [formation]")
    .description("stop a formation that 'up' has started, by its id or its folder")
    .addOption(portOption())
    .addOption(outputOption())
    .action((formation: string | undefined, options: DownOptions) =>
      run(async () => (await import("../commands/down.ts")).down(context, formation, options)),
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
        const { chat } = await import("../commands/chat/index.ts");
        return chat(context, words.length > 0 ? words.join(" ") : undefined, options);
      }),
    );
  program
    .command("validate [folder]")
    .description("check the files of a formation")
    .addOption(outputOption())
    .option("-v, --verbose", "show suggestions too", false)
    .action((folder: string | undefined, options: ValidateOptions) =>
      run(async () => (await import("../commands/validate.ts")).validate(context, folder, options)),
    );
  program
    .command("bump")
    .description("raise the version in the manifest")
    .addArgument(
      new Argument("[part]", "what to count up")
        .choices(["patch", "minor", "major"] satisfies VersionPart[])
        .default("patch"),
    )
    .option("--set <version>", "set it to this version instead")
    .addOption(outputOption())
    .action((part: VersionPart, options: BumpOptions) =>
      run(async () => (await import("../commands/bump.ts")).bump(context, part, options)),
    );
};
