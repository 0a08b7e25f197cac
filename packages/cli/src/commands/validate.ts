import { formatReport, loadFormation } from "@muxi/formation";
import type { Context } from "../base/context.ts";
import { formationFolder } from "../target/index.ts";
import { createUi, type OutputFormat } from "../ui/index.ts";

export interface ValidateOptions {
  output: OutputFormat;
  verbose: boolean;
}

/** `muxi validate` (docs/spec/cli.md "muxi validate"). The findings are the result, so they go to stdout. */
export const validate = async (
  context: Context,
  given: string | undefined,
  { output, verbose }: ValidateOptions,
): Promise<number> => {
  const ui = createUi(context, output);
  const folder = await formationFolder(context, given);
  const { formation, report } = await loadFormation(folder, { env: context.env });
  ui.data({ valid: formation !== undefined, formation_id: formation?.id ?? null, ...report });
  if (formation) ui.success(`Formation '${formation.id}' is valid`);
  for (const line of formatReport(verbose ? report : { ...report, suggestions: [] })) ui.line(line);
  return formation ? 0 : 1;
};
