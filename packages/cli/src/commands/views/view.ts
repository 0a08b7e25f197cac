import { NotFoundError } from "muxi-client";
import { stringify } from "yaml";
import type { Context } from "../../base/context.ts";
import { CliError } from "../../base/errors.ts";
import { callFormation, type TargetOptions } from "../../target/index.ts";
import { createUi, type OutputFormat, table } from "../../ui/index.ts";
import type { View } from "./content.ts";
import { details } from "./details.ts";
import { views } from "./list.ts";

export interface ViewOptions extends TargetOptions {
  output: OutputFormat;
  /** Most entries of a list. */
  limit?: number | undefined;
  /** Shows every field of a list. */
  verbose?: boolean;
}

/** Views that are lists of their own, or `info`. */
export type ListName = keyof typeof views;

export type ViewName = ListName | keyof typeof details;

const all: Readonly<Record<ViewName, View>> = { ...views, ...details };

/** Fields of the response envelope, which are not shown. */
const envelope: ReadonlySet<string> = new Set(["timestamp", "idempotency_key"]);

const documentOf = (data: unknown): string =>
  stringify(data, (key, value: unknown) => (envelope.has(key) ? undefined : value)).trimEnd();

/** Views of all users, unless the command line names one. */
const ofEveryone: ReadonlySet<ViewName> = new Set([
  "knowledge",
  "knowledge status",
  "requests",
  "jobs",
  "sessions queue",
  "jobs status",
  "memory status",
  "memory lint",
  "memory buffer status",
  "users",
  "users resolve",
  "logging",
  "logging status",
  "credentials services",
  "audit",
]);

/**
 * Shows a part of a running formation: `muxi agents`, `muxi sessions` and so on (docs/spec/cli.md "Views of a running
 * formation").
 *
 * @param item Item to show in place of the list.
 * @param commands What may have been meant when there is no such item: the commands of the group.
 */
export const view = async (
  context: Context,
  name: ViewName,
  item: string | undefined,
  { output, limit, verbose = false, ...options }: ViewOptions,
  commands: readonly string[] = [],
): Promise<number> => {
  const ui = createUi(context, output);
  const target = { ...options, isForEveryone: ofEveryone.has(name) && options.user === undefined };
  const content = await callFormation(context, ui, target, (formation) =>
    all[name](formation, item, limit),
  ).catch((error: unknown) => {
    const isUnknown = error instanceof CliError && error.cause instanceof NotFoundError;
    if (!isUnknown || commands.length === 0) throw error;
    const detail = [`'muxi ${name}' has the commands ${commands.join(", ")}`];
    throw new CliError(error.message, { detail, cause: error.cause });
  });
  const { data, table: rows, fields, lines, warnings = [] } = content;
  ui.data(data);
  if (verbose) ui.line(documentOf(data));
  else if (fields || lines) {
    if (fields) ui.fields(fields);
    for (const line of lines ?? []) ui.line(line);
  } else if (!rows) ui.line(documentOf(data));
  else if (rows.rows.length === 0) ui.line(rows.empty);
  else for (const line of table(rows.heading, rows.rows)) ui.line(line);
  for (const text of warnings) ui.warning(text);
  return 0;
};
