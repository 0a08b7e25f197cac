import type { Command } from "commander";
import type {
  ChangeOptions,
  ClearBufferOptions,
  EditOptions,
  ExportOptions,
} from "../commands/changes/index.ts";
import type { ViewOptions } from "../commands/views/index.ts";
import { inherit, parseSeconds, type Registration, withTarget } from "./options.ts";

const load = () => import("../commands/changes/index.ts");

const addBuffer = (memory: Command, { context, run }: Registration): void => {
  const showing = (name: "memory buffer" | "memory buffer status") => (options: ViewOptions) =>
    run(async () => (await import("../commands/views/index.ts")).view(context, name, undefined, options));
  const clearing = (options: ClearBufferOptions) =>
    run(async () => (await load()).clearBuffer(context, options));
  const withClearing = (command: Command): Command =>
    withTarget(command)
      .option("-s, --session <id>", "delete this session only")
      .option("--all", "delete the sessions of every user", false)
      .option("--force", "do not ask for confirmation", false);

  const buffer = memory.command("buffer").description("show or delete the recent messages of a user");
  withClearing(buffer)
    .hook("preSubcommand", inherit)
    .option("--clear", "the same as the command clear", false)
    .option("--stats", "the same as the command status", false)
    .action(({ clear, stats, ...options }: ClearBufferOptions & { clear: boolean; stats: boolean }) => {
      if (clear) return clearing(options);
      if (options.all || options.session !== undefined) buffer.error("--all and --session need --clear");
      return showing(stats ? "memory buffer status" : "memory buffer")(options);
    });
  withTarget(buffer.command("list").alias("ls"))
    .description("show the sessions of a user")
    .action(showing("memory buffer"));
  withTarget(buffer.command("status"))
    .description("show how full the buffers of all users are")
    .action(showing("memory buffer status"));
  withClearing(buffer.command("clear"))
    .description("delete the sessions of a user, or one session, with their messages")
    .action(clearing);
};

const addTransfers = (memory: Command, { context, run }: Registration): void => {
  withTarget(memory.command("export"))
    .description("print what is remembered about a user, as JSON Lines")
    .option("--file <path>", "write it to this file, which must not exist")
    .action((options: ExportOptions) => run(async () => (await load()).exportMemories(context, options)));
  withTarget(memory.command("import <file>"))
    .description("bring in memories of a user, as export writes them, each once")
    .action((file: string, options: ChangeOptions) =>
      run(async () => (await load()).importMemories(context, file, options)),
    );
};

/** `muxi memory add`, `edit`, `delete`, `export`, `import` and `buffer`. */
export const addMemoryChanges = (memory: Command, registration: Registration): void => {
  const { context, run } = registration;
  withTarget(memory.command("add <type> <text>"))
    .description("remember something about a user, such as a preference")
    .action((type: string, text: string, options: ChangeOptions) =>
      run(async () => (await load()).addMemory(context, type, text, options)),
    );
  withTarget(memory.command("edit <memory> [text]"))
    .description("correct something; what was there before stays as its history")
    .option("--collection <name>", "move it to this collection, such as preferences")
    .option("--ttl <seconds>", "forget it after so many seconds", parseSeconds)
    .option("--no-ttl", "never forget it")
    .option("--pin", "recall it with every message")
    .option("--no-pin", "recall it where it fits only")
    .action((id: string, text: string | undefined, options: EditOptions) =>
      run(async () => (await load()).editMemory(context, id, text, options)),
    );
  withTarget(memory.command("delete <memory>").aliases(["rm", "forget"]))
    .description("forget something, with its history")
    .action((id: string, options: ChangeOptions) =>
      run(async () => (await load()).deleteMemory(context, id, options)),
    );
  addTransfers(memory, registration);
  addBuffer(memory, registration);
};
