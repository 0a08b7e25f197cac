import type { VersionPart } from "@muxi/formation";
import { Argument, Option } from "commander";
import type { BumpOptions } from "../commands/bump.ts";
import type { ChatOptions } from "../commands/chat/index.ts";
import type { DownOptions } from "../commands/down.ts";
import type { UpOptions } from "../commands/up/index.ts";
import type { ValidateOptions } from "../commands/validate.ts";
import { outputOption, portOption, type Registration, targetOption } from "./options.ts";

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
    .command("dev [folder]")
    .description("the same as up --watch")
    .addOption(portOption())
    .addOption(outputOption())
    .action((folder: string | undefined, options: Omit<UpOptions, "detach" | "watch">) =>
      run(async () =>
        (await import("../commands/up/index.ts")).up(context, folder, {
          ...options,
          detach: false,
          watch: true,
        }),
      ),
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
    .addOption(targetOption())
    .option("-p, --profile <name>", "server on which it is deployed")
    .option("--draft", "only the one that 'up' has started", false)
    .option("-a, --agent <id>", "agent that is to answer")
    .option("-s, --session <id>", "session to continue")
    .option("-u, --user <id>", "who is talking")
    .option("--file <path>", "file to send along, up to 100 MB; a recording may take the message's place")
    .option("--no-stream", "wait for the whole answer")
    .option("-v, --verbose", "show what happens while the answer is made", false)
    .option("--debug", "show every request and every event", false)
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
