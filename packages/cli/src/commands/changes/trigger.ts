import * as z from "zod";
import type { Context } from "../../base/context.ts";
import { CliError } from "../../base/errors.ts";
import { parseJson, readJson } from "../../base/json.ts";
import { callFormation, type TargetOptions } from "../../target/index.ts";
import { createUi, type OutputFormat } from "../../ui/index.ts";

export interface TriggerOptions extends TargetOptions {
  output: OutputFormat;
  /** JSON, or `@` followed by the path of a JSON file. */
  data: string;
  /** The path of a JSON file, in place of `data`. */
  file?: string;
  session?: string;
  /** Does not wait for the result. */
  async: boolean;
}

const objectSchema = z.record(z.string(), z.unknown());

const dataOf = async (context: Context, given: string): Promise<Record<string, unknown>> => {
  const value = given.startsWith("@") ? await readJson(context, given.slice(1)) : parseJson(given);
  const object = objectSchema.safeParse(value);
  if (object.success) return object.data;
  throw new CliError("The data of a trigger must be a JSON object", {
    hint: `For example: --data '{"order":{"id":7}}', or --data @order.json`,
  });
};

/** `muxi triggers run`: fires a trigger. */
export const trigger = async (context: Context, name: string, options: TriggerOptions): Promise<number> => {
  const { output, data: given, file, session: sessionId, async: asyncMode, ...target } = options;
  const ui = createUi(context, output);
  const data = await dataOf(context, file === undefined ? given : `@${file}`);
  const result = await callFormation(
    context,
    ui,
    target,
    (formation) => formation.fireTrigger({ name, data, sessionId, asyncMode }),
    `Waiting for ${name}...`,
  );
  ui.data(result);
  if (result.status === "completed") ui.line(result.content);
  else ui.success(`${name} was started. To see the result, run: muxi requests ${result.request_id}`);
  return 0;
};
