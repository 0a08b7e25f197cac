import { type ComponentKind, createComponent } from "@muxi/formation";
import type { Context } from "../base/context.ts";
import { formationFolder } from "../target/index.ts";
import { createUi, type OutputFormat } from "../ui/index.ts";

/** What to do with the file once it is there. */
const nextSteps: Readonly<Record<ComponentKind, string>> = {
  agent: "Say in it what this agent knows and can do",
  mcp: "Say in it where the server is, or which program it is",
  a2a: "Say in it where the agent is",
  sop: "Write down its steps",
  trigger: "Write down what is to be done when it fires",
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
  ui.line(`  ${nextSteps[kind]}, then check it: muxi validate`);
  return 0;
};
