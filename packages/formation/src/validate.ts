import type * as z from "zod";
import type { SourceFile } from "./base/index.ts";
import { dottedPath, type Finding, type Path } from "./base/index.ts";

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

const valueAt = (data: unknown, path: Path): unknown =>
  path.reduce<unknown>(
    (value, key) => (typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined),
    data,
  );

/** Validates data against a schema and describes every fault for the formation's author. */
export const validate = <Schema extends z.ZodType>(
  schema: Schema,
  data: unknown,
  place: Place,
): { value: z.output<Schema> } | { errors: Finding[] } => {
  // Each schema reads a file or two: a parser compiled for it would cost more than it saves.
  const result = schema.safeParse(data, { error: messageOf, jitless: true });
  if (result.success) return { value: result.data };
  const errors = result.error.issues.map((issue) => {
    const path = issue.path.map((part) => (typeof part === "number" ? part : String(part)));
    const isBadKey = issue.code === "invalid_key";
    const message = isBadKey ? (issue.issues[0]?.message ?? issue.message) : issue.message;
    return findingAt(place, path, message, hintOf(issue, valueAt(data, path)));
  });
  return { errors };
};
