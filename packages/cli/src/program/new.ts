import type { ComponentKind } from "@muxi/formation";
import type { NewFormationOptions } from "../commands/new-formation.ts";
import type { OutputFormat } from "../ui/index.ts";
import { outputOption, type Registration } from "./options.ts";

const components: readonly [kind: ComponentKind, description: string][] = [
  ["agent", "add an agent to the formation of this folder"],
  ["mcp", "add an MCP server, which gives agents tools"],
  ["sop", "add a procedure to follow"],
  ["trigger", "add a prompt that a call from outside fires"],
  ["a2a", "add an agent of another service"],
];

/** What makes new files. */
export const addNewCommands = ({ program, context, run }: Registration): void => {
  const create = program.command("new").description("make a formation, or a part of one");
  create
    .command("formation [name]")
    .description("make the folder of a new formation")
    .option("--description <text>", "what it is for")
    .option("--model <provider/name>", "text model, such as openai/gpt-4o-mini (default: the built-in one)")
    .option("--dir <folder>", "folder to make it in (default: the current one)")
    .option("--no-wizard", "ask nothing and take defaults")
    .addOption(outputOption())
    .action((name: string | undefined, options: NewFormationOptions) =>
      run(async () => (await import("../commands/new-formation.ts")).newFormation(context, name, options)),
    );
  for (const [kind, description] of components) {
    create
      .command(`${kind} <name>`)
      .description(description)
      .addOption(outputOption())
      .action((name: string, options: { output: OutputFormat }) =>
        run(async () =>
          (await import("../commands/new-component.ts")).newComponent(context, kind, name, options),
        ),
      );
  }
};
