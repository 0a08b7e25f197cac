import type * as z from "zod";
import { closest } from "./did-you-mean.ts";

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
export const messageOf = (issue: z.core.$ZodRawIssue): string | undefined => {
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
    case "invalid_key":
      return "has a key that is not allowed";
    default:
      return undefined;
  }
};

const typeHints: Record<string, string> = {
  string: "Write text; in quotes where it could be taken for something else",
  number: "Write a number, without quotes",
  int: "Write a whole number, without quotes",
  boolean: "Write true or false",
  array: 'Write a list: a line that begins with "- " for each entry, or [one, two]',
  object: 'Write its fields below it, indented, each as "name: value"',
  record: 'Write its fields below it, indented, each as "name: value"',
};

/** What to do about an issue; undefined where the message says all. */
export const hintOf = (issue: z.core.$ZodIssue, input: unknown): string | undefined => {
  switch (issue.code) {
    case "custom":
      return typeof issue.params?.hint === "string" ? issue.params.hint : undefined;
    case "invalid_type":
      if (input === undefined) return `Add it: ${String(issue.path.at(-1))}: …`;
      return issue.expected === "string" && typeof input === "number"
        ? "Write it in quotes"
        : typeHints[issue.expected];
    case "invalid_value": {
      const meant = typeof input === "string" ? closest(input, issue.values.map(String)) : undefined;
      return meant === undefined ? undefined : `Did you mean ${meant}?`;
    }
    default:
      return undefined;
  }
};
