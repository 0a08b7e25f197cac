import { isObject } from "@muxi/protocol";
import type * as z from "zod";
import type { Path } from "./base/index.ts";

/** Values that other runtimes take for a field, and what they mean here. */
const synonyms: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  transport: { http: "stream", https: "stream", console: "stdout" },
  format: {
    json: "jsonl",
    datadog: "datadog_json",
    splunk: "splunk_hec",
    elastic: "elastic_bulk",
    loki: "grafana_loki",
    grafana: "grafana_loki",
    newrelic: "newrelic_json",
    otel: "opentelemetry",
  },
};

/** As YAML 1.1 has them, which other runtimes read. */
const booleans = new Map([
  ["true", true],
  ["yes", true],
  ["on", true],
  ["false", false],
  ["no", false],
  ["off", false],
]);

const expectsNumber = (issue: z.core.$ZodIssue): boolean =>
  issue.code === "invalid_union" ||
  (issue.code === "invalid_type" && (issue.expected === "number" || issue.expected === "int"));

/**
 * What a value that a schema refuses evidently means (docs/spec/formation-files.md "Values that are read as meant");
 * undefined when it means nothing.
 */
export const meantBy = (issue: z.core.$ZodIssue, written: unknown): string | number | boolean | undefined => {
  if (typeof written !== "string") return undefined;
  const value = written.trim();
  // YAML 1.1 takes "_" between digits.
  if (expectsNumber(issue) && /^-?\d[\d_]*(\.\d+)?$/.test(value)) return Number(value.replaceAll("_", ""));
  if (issue.code === "invalid_type" && issue.expected === "boolean") return booleans.get(value.toLowerCase());
  if (issue.code !== "invalid_value") return undefined;
  const meanings = synonyms[String(issue.path.at(-1))];
  const meant = meanings?.[value.toLowerCase()];
  return meant !== undefined && issue.values.includes(meant) ? meant : undefined;
};

/** The value at a path; undefined when there is none. */
export const valueAt = (data: unknown, path: Path): unknown =>
  path.reduce<unknown>(
    (value, key) => (typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined),
    data,
  );

/** A copy of the data with another value at a path that exists; undefined removes it. */
export const replaceAt = (data: unknown, [key, ...rest]: Path, value: unknown): unknown => {
  if (key === undefined) return value;
  if (Array.isArray(data)) {
    return data.map((item, index) => (index === key ? replaceAt(item, rest, value) : item));
  }
  return isObject(data) ? { ...data, [key]: replaceAt(data[key], rest, value) } : data;
};
