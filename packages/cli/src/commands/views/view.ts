import { stringify } from "yaml";
import type { Context } from "../../base/context.ts";
import { explainFailure, formationTarget, type TargetOptions } from "../../target/index.ts";
import { createUi, type OutputFormat, table } from "../../ui/index.ts";
import { type View, type ViewName, views } from "./list.ts";

export interface ViewOptions extends TargetOptions {
  output: OutputFormat;
}

/** Fields of the response envelope, which are not shown. */
const envelope: ReadonlySet<string> = new Set(["timestamp", "idempotency_key"]);

const documentOf = (data: unknown): string =>
  stringify(data, (key, value: unknown) => (envelope.has(key) ? undefined : value)).trimEnd();

/** Views of all users, unless the command line names one. */
const ofEveryone: ReadonlySet<ViewName> = new Set(["requests", "jobs", "audit"]);

/**
 * Shows a part of a running formation: `muxi agents`, `muxi sessions` and so on (docs/spec/cli.md "Views of a running
 * formation").
 */
export const view = async (
  context: Context,
  name: ViewName,
  argument: string | undefined,
  options: ViewOptions,
): Promise<number> => {
  const ui = createUi(context, options.output);
  const show: View = views[name];
  const target = await formationTarget(context, {
    ...options,
    isForEveryone: ofEveryone.has(name) && options.user === undefined,
  });
  const { formation, id: formationId, isDraft } = target;
  const {
    data,
    table: rows,
    lines,
    warnings = [],
  } = await ui
    .during(`Asking ${formationId}...`, () => show(formation, argument))
    .catch((error: unknown) => {
      throw explainFailure(error, { formationId, isDraft });
    });
  ui.data(data);
  if (lines) for (const line of lines) ui.line(line);
  else if (!rows) ui.line(documentOf(data));
  else if (rows.rows.length === 0) ui.line(rows.empty);
  else for (const line of table(rows.heading, rows.rows)) ui.line(line);
  for (const text of warnings) ui.warning(text);
  return 0;
};
