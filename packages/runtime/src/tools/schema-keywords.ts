import { isObject } from "@muxi/protocol";
import { listOf } from "../base/index.ts";

const typeNames = new Set(["string", "number", "integer", "boolean", "object", "array", "null"]);

/** The types that a schema names, as JSON Schema writes them: others, such as Python's `str`, say nothing. */
export const typesOf = (type: unknown): string[] => {
  const names = (Array.isArray(type) ? type : [type]).flatMap((name) =>
    typeof name === "string" ? [name.toLowerCase()] : [],
  );
  return [...new Set(names)].filter((name) => typeNames.has(name));
};

const isText = (value: unknown): boolean => typeof value === "string";
const isNumber = (value: unknown): boolean => typeof value === "number";
const isCount = (value: unknown): boolean => Number.isInteger(value) && Number(value) >= 0;
const isBoolean = (value: unknown): boolean => typeof value === "boolean";

const isPattern = (value: unknown): boolean => {
  if (typeof value !== "string") return false;
  try {
    new RegExp(value, "u");
    return true;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
};

const tests: ReadonlyMap<string, (value: unknown) => boolean> = new Map([
  ...["title", "description", "format", "$comment", "$schema", "$id", "$anchor"].map(
    (key) => [key, isText] as const,
  ),
  ...["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"].map(
    (key) => [key, isNumber] as const,
  ),
  ...["minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"].map(
    (key) => [key, isCount] as const,
  ),
  ...["uniqueItems", "deprecated", "readOnly", "writeOnly", "nullable"].map(
    (key) => [key, isBoolean] as const,
  ),
  ["pattern", isPattern],
  ["enum", (value) => listOf(value).length > 0],
  ["examples", Array.isArray],
  ["dependentRequired", (value) => isObject(value) && Object.values(value).every(Array.isArray)],
  ["dependencies", isObject],
]);

/**
 * Whether a keyword of a schema has a value that it may have. Providers refuse a request for one that has not, such as
 * `minimum: null`, with every tool in it.
 */
export const isUsable = (key: string, value: unknown): boolean => tests.get(key)?.(value) ?? true;
