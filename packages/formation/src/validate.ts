import type * as z from "zod";
import type { SourceFile } from "./base/index.ts";
import { dottedPath, type Finding, type Path } from "./base/index.ts";
import { fieldMeantBy } from "./did-you-mean.ts";
import { type IdleField, idleFields, pathsTo } from "./fields.ts";
import { hintOf, messageOf } from "./issue-text.ts";
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

/** The known field that an unknown one most likely stands for. */
const meantField = (field: IdleField): string | undefined =>
  field.kind === "unknown" ? fieldMeantBy(String(field.path.at(-1)), field.absent) : undefined;

/** An unknown field beside a missing one that looks like it. */
const misspelling = (path: Path, idle: readonly IdleField[]): IdleField | undefined =>
  idle.find(
    (field) =>
      dottedPath(field.path.slice(0, -1)) === dottedPath(path.slice(0, -1)) &&
      meantField(field) === path.at(-1),
  );

/** Where an unknown field belongs, when exactly one other place of the file knows it. */
const elsewhere = (schema: z.ZodType, path: Path): string | undefined => {
  const [place, ...others] = pathsTo(schema, String(path.at(-1)));
  return others.length === 0 ? place : undefined;
};

const describeIdle = (schema: z.ZodType, field: IdleField, place: Place): Finding => {
  const { path } = field;
  if (field.kind === "without effect") {
    return findingAt(place, path, "has no effect", field.instead || "Remove it");
  }
  const meant = meantField(field) ?? elsewhere(schema, path);
  const hint = meant === undefined ? "Correct its name, or remove it" : `Did you mean ${meant}?`;
  const message = field.isRefused ? "is an unknown field" : "is an unknown field, so it is ignored";
  return findingAt(place, path, message, hint);
};

/** What a validation found. There is no value when there are errors. */
type Validated<Value> = { warnings: Finding[] } & ({ value: Value } | { errors: Finding[] });

const pathOf = (issue: z.core.$ZodIssue): (string | number)[] =>
  issue.path.map((part) => (typeof part === "number" ? part : String(part)));

const isEmptyList = (value: unknown): boolean => Array.isArray(value) && value.length === 0;

const startsWith = (path: Path, start: Path): boolean => start.every((key, index) => path[index] === key);

const describeIssue = (
  issue: z.core.$ZodIssue,
  input: unknown,
  place: Place,
  idle: readonly IdleField[],
): Finding => {
  const path = pathOf(issue);
  const isBadKey = issue.code === "invalid_key";
  const message = isBadKey ? (issue.issues[0]?.message ?? issue.message) : issue.message;
  const value = valueAt(input, path);
  const misspelt = value === undefined ? misspelling(path, idle) : undefined;
  if (!misspelt) return findingAt(place, path, message, hintOf(issue, value));
  const written = findingAt(
    place,
    misspelt.path,
    message,
    `Did you mean ${path.at(-1)} by ${misspelt.path.at(-1)}? Rename it`,
  );
  return { ...written, path: dottedPath([...place.base, ...path]) };
};

/**
 * Validates data against a schema and describes every fault for the formation's author. Values that evidently mean
 * another one are read as that, with a warning (docs/spec/formation-files.md "Values that are read as meant"), and so
 * are fields that nothing reads ("Unknown fields", "Fields without effect"); values below the latter are left out rather
 * than refused.
 */
export const validate = <Schema extends z.ZodType>(
  schema: Schema,
  data: unknown,
  place: Place,
): Validated<z.output<Schema>> => {
  // Each schema reads a file or two: a parser compiled for it would cost more than it saves.
  const parse = (input: unknown) => schema.safeParse(input, { error: messageOf, jitless: true });
  const idle = idleFields(schema, data);
  const isRefused = (field: IdleField) => field.kind === "unknown" && field.isRefused;
  const describe = (field: IdleField) => describeIdle(schema, field, place);
  const warnings = idle.filter((field) => !isRefused(field)).map(describe);
  let input = data;
  let result = parse(input);
  for (const issue of result.error?.issues ?? []) {
    const path = pathOf(issue);
    const meant = meantBy(issue, valueAt(data, path));
    const isEmptyMapping =
      issue.code === "invalid_type" && issue.expected === "object" && isEmptyList(valueAt(data, path));
    if (isEmptyMapping) input = replaceAt(input, path, {});
    else if (idle.some((field) => field.kind === "without effect" && startsWith(path, field.path))) {
      input = replaceAt(input, path, undefined);
    } else if (meant !== undefined) {
      input = replaceAt(input, path, meant);
      const message = `is read as ${typeof meant === "string" ? meant : `a ${typeof meant}`}`;
      const hint = `Write ${meant}${typeof meant === "string" ? "" : ", without quotes"}`;
      warnings.push(findingAt(place, path, message, hint));
    }
  }
  if (input !== data) result = parse(input);
  if (result.success) return { value: result.data, warnings };
  const { issues } = result.error;
  const errors = [
    // One for each key, in place of one for all.
    ...idle.filter(isRefused).map(describe),
    ...issues
      .filter(({ code }) => code !== "unrecognized_keys")
      .map((issue) => describeIssue(issue, input, place, idle)),
  ];
  return { errors, warnings };
};
