import { type ComponentKind, createComponent } from "@muxi/formation";
import type { Context } from "../base/context.ts";
import { formationFolder } from "../target/index.ts";
import { createUi, type OutputFormat } from "../ui/index.ts";

/** What to do next with the new file. */
const nextSteps: Readonly<Record<ComponentKind, string>> = {
  agent: "Describe in it what the agent knows and can do",
  mcp: "Set the server's URL or its command in it",
  a2a: "Set the agent's URL in it",
  sop: "Write its steps",
  trigger: "Write what to do when it fires",
};

/** `muxi new agent`, `mcp`, `sop`, `trigger` and `a2a` (docs/spec/cli.md "muxi new"). */
export const newComponent = async (
  context: Context,
  kind: ComponentKind,
  name: string,
  { output }: { output: OutputFormat },
): Promise<number> => {
  const ui = createUi(context, output);
  const { id, file } = await createComponent(await formationFolder(context, undefined), kind, name);
  ui.data({ kind, id, file });
  ui.success(`Created ${file}`);
  ui.line(`  ${nextSteps[kind]}, then run: muxi validate`);
  return 0;
};
