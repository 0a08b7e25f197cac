import { join, relative, resolve } from "node:path";
import { createFormation, normalizeName, openSecrets } from "@muxi/formation";
import type { Context } from "../base/context.ts";
import { CliError } from "../base/errors.ts";
import { createUi, type OutputFormat } from "../ui/index.ts";

export interface NewFormationOptions {
  output: OutputFormat;
  /** False: asks no questions. */
  wizard: boolean;
  description?: string;
  model?: string;
  /** Folder to create it in. */
  dir?: string;
}

/** `muxi new formation` (docs/spec/cli.md "muxi new"). */
export const newFormation = async (
  context: Context,
  name: string | undefined,
  { output, wizard, ...given }: NewFormationOptions,
): Promise<number> => {
  const ui = createUi(context, output);
  const interactive = wizard && output === "text" && context.stdin.isTTY && context.stdout.isTTY;
  const answers = interactive
    ? await (await import("./new-formation-wizard.ts")).askAboutFormation({ name, ...given })
    : { name, description: given.description, model: given.model, apiKey: undefined };
  if (answers === "cancelled") {
    ui.line("Cancelled.");
    return 0;
  }
  if (answers.name === undefined) {
    throw new CliError("The formation needs a name", { hint: "Run: muxi new formation my-bot" });
  }
  const { description, model, apiKey } = answers;
  const parent = resolve(context.cwd, given.dir ?? "");
  const created = await createFormation({
    dir: join(parent, normalizeName(answers.name)),
    name: answers.name,
    ...(description !== undefined && { description }),
    ...(model !== undefined && { model }),
  });
  if (apiKey) await (await openSecrets(created.dir)).set(apiKey.name, apiKey.value);

  const folder = relative(context.cwd, created.dir);
  ui.data({ formation_id: created.id, path: created.dir, files: created.files });
  ui.success(`Created ${created.id} in ${folder}`);
  ui.line();
  ui.line("  Next:");
  ui.line(`    cd ${folder}`);
  ui.line("    muxi up");
  ui.line('    muxi chat "Hello"');
  return 0;
};
