import type { UsageRow } from "muxi-client";
import type { Context } from "../base/context.ts";
import { CliError } from "../base/errors.ts";
import { callFormation, type TargetOptions } from "../target/index.ts";
import { createUi, type OutputFormat, table } from "../ui/index.ts";

export interface UsageOptions extends TargetOptions {
  output: OutputFormat;
  /** What requests are taken together by, with commas between. */
  by: string;
  from?: string | undefined;
  to?: string | undefined;
  /** Prints comma-separated values. */
  csv: boolean;
}

const columns = [
  ["USER", "user_id"],
  ["AGENT", "agent_id"],
  ["MODEL", "model"],
  ["DAY", "day"],
] as const;

const counts = [
  "requests",
  "failed_requests",
  "input_tokens",
  "output_tokens",
  "cached_tokens",
  "cache_write_tokens",
  "cost",
  "unpriced_requests",
] as const;

/** A spreadsheet would calculate what begins like a formula. */
const cell = (value: unknown): string => {
  const text = value === null || value === undefined ? "" : String(value);
  const safe = typeof value === "string" && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};

/** Dollars with as many digits as say something. */
const dollars = (cost: number | null): string =>
  cost === null ? "unknown" : `$${cost === 0 || cost >= 0.01 ? cost.toFixed(2) : cost.toPrecision(2)}`;

const costOf = ({ cost, unpriced_requests: unpriced }: UsageRow): string =>
  cost !== null && unpriced > 0 ? `${dollars(cost)} + ${unpriced} unknown` : dollars(cost);

/** `muxi usage` (docs/spec/cli.md "Views of a running formation"). */
export const showUsage = async (
  context: Context,
  { output, by, from, to, csv, ...options }: UsageOptions,
): Promise<number> => {
  if (csv && output === "json") throw new CliError("--csv and --json exclude each other");
  const ui = createUi(context, output);
  const report = await callFormation(context, ui, { ...options, isForEveryone: true }, (formation) =>
    formation.usage.get({ groupBy: by, from, to }),
  );
  const { rows, total } = report;
  ui.data(report);
  const names = columns.filter(([, field]) => rows.some((row) => row[field] !== undefined));
  if (csv) {
    const fields = [...names.map(([, field]) => field), ...counts];
    context.stdout.write(
      [fields, ...rows.map((row) => fields.map((field) => cell(row[field])))]
        .map((line) => `${line.join(",")}\n`)
        .join(""),
    );
    return 0;
  }
  if (rows.length === 0) {
    ui.line("No requests");
    return 0;
  }
  const line = (row: UsageRow, label?: string) => [
    ...names.map(([, field], place) => (place === 0 ? label : undefined) ?? row[field] ?? ""),
    String(row.requests),
    String(row.input_tokens),
    String(row.output_tokens),
    costOf(row),
  ];
  const heading = [...names.map(([title]) => title), "REQUESTS", "TOKENS IN", "TOKENS OUT", "COST"];
  for (const text of table(heading, [...rows.map((row) => line(row)), line(total, "all")])) ui.line(text);
  return 0;
};
