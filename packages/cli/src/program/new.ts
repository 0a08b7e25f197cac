import type { ComponentKind } from "@muxi/formation";
import type { NewFormationOptions } from "../commands/new-formation.ts";
import type { OutputFormat } from "../ui/index.ts";
import { outputOption, type Registration } from "./options.ts";

const components: readonly [kind: ComponentKind, description: string][] = [
  ["agent", "add an agent to the formation of this folder"],
  ["mcp", "add an MCP server, which gives agents tools"],
  ["sop", "add a procedure for agents to follow"],
  ["trigger", "add a prompt that other programs can fire"],
  ["a2a", "add an agent that runs elsewhere"],
];

/** The commands that create files. */
export const addNewCommands = ({ program, context, run }: Registration): void => {
  const create = program.command("new").description("create a formation, or a part of one");
  create
    .command("formation [name]")
    .description("create a new formation folder")
    .option("--description <text>", "what it is for")
    .option("--model <provider/name>", "text model, such as openai/gpt-4o-mini (default: the built-in one)")
    .option("--dir <folder>", "folder to create it in (default: the current one)")
    .option("--no-wizard", "ask no questions and use defaults")
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
