import type * as z from "zod";
import type { SourceFile } from "./base/index.ts";
import { dottedPath, type Finding, type Path } from "./base/index.ts";
import { meantBy, replaceAt, valueAt } from "./readings.ts";

/** Where a component is defined: its file and, for an inline definition, the path in that file. */
export interface Place {
  source: SourceFile;
  base: Path;
}

/** A finding about a field below `place`. */
export const findingAt = (place: Place, path: Path, message: string, hint?: string): Finding => {
  const full = [...place.base, ...path];
  const line = place.source.lineOf(full);
  return {
    file: place.source.file,
    path: dottedPath(full),
    message,
    ...(hint !== undefined && { hint }),
    ...(line !== undefined && { line }),
  };
};

const typeNames: Record<string, string> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "a mapping",
  record: "a mapping",
};

const kindOf = (value: unknown): string => {
  if (Array.isArray(value)) return "a list";
  if (typeof value === "number") return "a number";
  return typeNames[typeof value] ?? typeof value;
};

/** A message that names the limit and not the value, which may come from a secret. */
const messageOf = (issue: z.core.$ZodRawIssue): string | undefined => {
  switch (issue.code) {
    case "invalid_type":
      if (issue.input === undefined) return "is required";
      if (issue.expected === "int") return "must be a whole number";
      return `must be ${typeNames[issue.expected] ?? issue.expected}, not ${kindOf(issue.input)}`;
    case "invalid_value":
      return issue.input === undefined
        ? "is required"
        : `must be one of ${issue.values.map(String).join(", ")}`;
    case "too_small":
      return `must be ${issue.inclusive ? "at least" : "more than"} ${issue.minimum}`;
    case "too_big":
      return `must be ${issue.inclusive ? "at most" : "less than"} ${issue.maximum}`;
    case "unrecognized_keys":
      return `has unknown keys: ${issue.keys.join(", ")}`;
    case "invalid_key":
      return "has a key that is not allowed";
    default:
      return undefined;
  }
};

const hintOf = (issue: z.core.$ZodIssue, input: unknown): string | undefined => {
  if (issue.code === "custom" && typeof issue.params?.hint === "string") return issue.params.hint;
  if (issue.code === "invalid_type" && issue.expected === "string" && typeof input === "number") {
    return "Write it in quotes";
  }
  return undefined;
};

/** What a validation found. There is no value when there are errors. */
type Validated<Value> = { warnings: Finding[] } & ({ value: Value } | { errors: Finding[] });

const pathOf = (issue: z.core.$ZodIssue): (string | number)[] =>
  issue.path.map((part) => (typeof part === "number" ? part : String(part)));

const isBelow = (path: Path, field: string): boolean =>
  field.split(".").every((key, index) => path[index] === key);

/**
 * Validates data against a schema and describes every fault for the formation's author. Values that evidently mean
 * another one are read as that, with a warning (docs/spec/formation-files.md "Values that are read as meant").
 *
 * @param unused Dotted paths of fields that have no effect: values below them are left out rather than refused.
 */
export const validate = <Schema extends z.ZodType>(
  schema: Schema,
  data: unknown,
  place: Place,
  unused: readonly string[] = [],
): Validated<z.output<Schema>> => {
  // Each schema reads a file or two: a parser compiled for it would cost more than it saves.
  const parse = (input: unknown) => schema.safeParse(input, { error: messageOf, jitless: true });
  let input = data;
  let result = parse(input);
  const warnings: Finding[] = [];
  for (const issue of result.error?.issues ?? []) {
    const path = pathOf(issue);
    const meant = meantBy(issue, valueAt(data, path));
    if (meant !== undefined) {
      input = replaceAt(input, path, meant);
      const isText = typeof meant === "string";
      const message = `is read as ${isText ? meant : `a ${typeof meant}`}`;
      warnings.push(findingAt(place, path, message, isText ? `Write ${meant}` : "Write it without quotes"));
    } else if (unused.some((field) => isBelow(path, field))) {
      input = replaceAt(input, path, undefined);
    }
  }
  if (input !== data) result = parse(input);
  if (result.success) return { value: result.data, warnings };
  const errors = result.error.issues.map((issue) => {
    const path = pathOf(issue);
    const isBadKey = issue.code === "invalid_key";
    const message = isBadKey ? (issue.issues[0]?.message ?? issue.message) : issue.message;
    return findingAt(place, path, message, hintOf(issue, valueAt(input, path)));
  });
  return { errors, warnings };
};
