import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import * as z from "zod";
import type { Context } from "../../base/context.ts";
import { CliError } from "../../base/errors.ts";
import { explainAnswer, formationTarget, type TargetOptions } from "../../target/index.ts";
import { createUi, type OutputFormat } from "../../ui/index.ts";

export interface TriggerOptions extends TargetOptions {
  output: OutputFormat;
  /** JSON, or `@` followed by the path of a JSON file. */
  data: string;
  session?: string;
  /** Does not wait for the result. */
  async: boolean;
}

const objectSchema = z.record(z.string(), z.unknown());

const dataOf = async ({ cwd }: Context, given: string): Promise<Record<string, unknown>> => {
  const text = given.startsWith("@") ? await readFile(resolve(cwd, given.slice(1)), "utf8") : given;
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    parsed = undefined; // Reported below, like any other value that is not an object.
  }
  const object = objectSchema.safeParse(parsed);
  if (object.success) return object.data;
  throw new CliError("The data of a trigger must be a JSON object", {
    hint: `For example: --data '{"order":{"id":7}}', or --data @order.json`,
  });
};

/** `muxi trigger`: fires a trigger. */
export const trigger = async (context: Context, name: string, options: TriggerOptions): Promise<number> => {
  const ui = createUi(context, options.output);
  const data = await dataOf(context, options.data);
  const { formation, id: formationId, isDraft, readLog } = await formationTarget(context, options);
  const result = await ui
    .during(`Waiting for ${name}...`, () =>
      formation.fireTrigger({ name, data, sessionId: options.session, asyncMode: options.async }),
    )
    .catch(async (error: unknown) => {
      throw await explainAnswer(error, { formationId, isDraft, readLog });
    });
  ui.data(result);
  if (result.status === "completed") ui.line(result.content);
  else ui.success(`${name} was started. To see the result, run: muxi requests ${result.request_id}`);
  return 0;
};
