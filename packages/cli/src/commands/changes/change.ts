import type { FormationClient } from "muxi-client";
import type { Context } from "../../base/context.ts";
import { callFormation, type TargetOptions } from "../../target/index.ts";
import { createUi, type OutputFormat } from "../../ui/index.ts";

export interface ChangeOptions extends TargetOptions {
  output: OutputFormat;
}

/**
 * Changes something in a running formation (docs/spec/cli.md "Changes to a running formation").
 *
 * @param say What was done, as the user reads it.
 */
export const change = async <Result>(
  context: Context,
  { output, ...target }: ChangeOptions,
  call: (formation: FormationClient) => Promise<Result>,
  say: (result: Result) => string,
): Promise<number> => {
  const ui = createUi(context, output);
  const result = await callFormation(context, ui, target, call);
  ui.data(result);
  ui.success(say(result));
  return 0;
};
