import { isObject, type JsonObject } from "@muxi/protocol";
import { listOf } from "./json.ts";
import { referredIn } from "./json-schema.ts";
import { isNames, listKeys, mapKeys, schemaKeys } from "./schema-places.ts";

/** Limits of a JSON Schema that a caller brings (docs/spec/formation-api.md "Structured output"). */
export const schemaLimits = {
  /** Characters as JSON. */
  length: 65_536,
  /** Schemas in one another. */
  depth: 32,
};

const types = new Set(["string", "number", "integer", "boolean", "object", "array", "null"]);
const numberKeys = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"];
const countKeys = [
  "minLength",
  "maxLength",
  "minItems",
  "maxItems",
  "minContains",
  "maxContains",
  "minProperties",
  "maxProperties",
];
/** Keywords that say something of a value which nobody here would check. */
const unsupported = [
  "$dynamicRef",
  "$recursiveRef",
  "unevaluatedProperties",
  "unevaluatedItems",
  "dependencies",
];

const isRegExp = (pattern: string): boolean => {
  try {
    new RegExp(pattern, "u");
    return true;
  } catch {
    return false;
  }
};

/** What is wrong with a schema itself, without those in it. */
const ownProblem = (schema: JsonObject, root: unknown): string | undefined => {
  const { $ref, type, pattern, patternProperties, required, multipleOf } = schema;
  const named = unsupported.find((key) => key in schema);
  if (named !== undefined) return `${named} is not supported`;
  if ($ref !== undefined) {
    if (typeof $ref !== "string") return "$ref must be a text";
    if (!$ref.startsWith("#"))
      return `$ref ${$ref.slice(0, 200)} leads out of the schema: put what it names into $defs`;
    if (referredIn(root, $ref) === undefined)
      return `$ref ${$ref.slice(0, 200)} leads nowhere: use #/$defs/name`;
  }
  const wrongType = (Array.isArray(type) ? type : [type ?? "null"]).find((each) => !types.has(String(each)));
  if (wrongType !== undefined)
    return `type ${JSON.stringify(wrongType)?.slice(0, 100)} is none of JSON Schema's`;
  const patterns = [pattern ?? "", ...Object.keys(isObject(patternProperties) ? patternProperties : {})];
  if (patterns.some((each) => typeof each !== "string" || !isRegExp(each)))
    return "pattern is no regular expression";
  if (required !== undefined && !isNames(required)) return "required must be a list of names";
  if (schema.enum !== undefined && listOf(schema.enum).length === 0) return "enum must be a list with values";
  if (multipleOf !== undefined && !(typeof multipleOf === "number" && multipleOf > 0))
    return "multipleOf must be a number above 0";
  const noNumber = numberKeys.find((key) => schema[key] !== undefined && typeof schema[key] !== "number");
  if (noNumber !== undefined) return `${noNumber} must be a number`;
  const noCount = countKeys.find(
    (key) => schema[key] !== undefined && !(Number.isInteger(schema[key]) && Number(schema[key]) >= 0),
  );
  return noCount === undefined ? undefined : `${noCount} must be a whole number from 0`;
};

/** The schemas that one holds, with the places of each. Undefined for a place that holds none. */
const schemasIn = (schema: JsonObject): [place: string, schema: unknown][] => [
  ...schemaKeys.flatMap((key): [string, unknown][] =>
    schema[key] === undefined ? [] : [[key, schema[key]]],
  ),
  ...listKeys.flatMap((key): [string, unknown][] => {
    if (schema[key] === undefined) return [];
    const list = listOf(schema[key]);
    return list.length === 0
      ? [[key, undefined]]
      : list.map((each, index): [string, unknown] => [`${key}/${index}`, each]);
  }),
  ...mapKeys.flatMap((key): [string, unknown][] => {
    const map = schema[key];
    if (map === undefined) return [];
    return isObject(map)
      ? Object.entries(map).map(([name, each]): [string, unknown] => [`${key}/${name}`, each])
      : [[key, undefined]];
  }),
];

/**
 * Why a JSON Schema of a caller cannot be used: what is wrong, and where. Undefined for one that can.
 */
export const schemaProblem = (root: JsonObject): string | undefined => {
  const { length } = JSON.stringify(root);
  if (length > schemaLimits.length) return `it has ${length} characters; the limit is ${schemaLimits.length}`;
  let level: [place: string, schema: unknown][] = [["#", root]];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > schemaLimits.depth) return `it has more than ${schemaLimits.depth} levels`;
    const below: typeof level = [];
    for (const [place, schema] of level) {
      if (typeof schema === "boolean") continue;
      if (!isObject(schema)) return `${place} must be a schema`;
      const problem = ownProblem(schema, root);
      if (problem !== undefined) return `${place}: ${problem}`;
      for (const [name, each] of schemasIn(schema)) below.push([`${place}/${name}`, each]);
    }
    level = below;
  }
  return undefined;
};
