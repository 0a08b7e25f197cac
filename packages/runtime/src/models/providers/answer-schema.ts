import { isObject, type JsonObject } from "@muxi/protocol";
import { listKeys, listOf } from "../../base/index.ts";

// What providers enforce of a schema. What they do not is left to the check of the answer.

/** Keywords that hold schemas: one, a list, or one for each name. */
const mapKeys = ["properties", "$defs", "definitions"];

/** The schemas that one holds directly. */
const partsOf = (schema: JsonObject): unknown[] => [
  ...(isObject(schema.items) ? [schema.items] : []),
  ...listKeys.flatMap((key) => listOf(schema[key])),
  ...mapKeys.flatMap((key) => (isObject(schema[key]) ? Object.values(schema[key]) : [])),
];

const isOfObjects = ({ type, properties }: JsonObject): boolean =>
  type === "object" || (Array.isArray(type) && type.includes("object")) || properties !== undefined;

/** Keywords of which OpenAI's strict mode says that it refuses them. */
const looseKeys = [
  "oneOf",
  "allOf",
  "prefixItems",
  "not",
  "if",
  "then",
  "else",
  "contains",
  "uniqueItems",
  "minLength",
  "maxLength",
  "propertyNames",
  "patternProperties",
  "dependentRequired",
  "dependentSchemas",
  "minProperties",
  "maxProperties",
];

/** Whether every object of a schema requires all its properties and has no others, as OpenAI's strict mode wants it. */
export const isStrictSchema = (schema: unknown): boolean => {
  if (!isObject(schema) || looseKeys.some((key) => key in schema)) return false;
  if (isOfObjects(schema)) {
    const names = Object.keys(isObject(schema.properties) ? schema.properties : {});
    const required = new Set(listOf(schema.required));
    if (schema.additionalProperties !== false || !names.every((name) => required.has(name))) return false;
  }
  return partsOf(schema).every(isStrictSchema);
};

/** Keywords that narrow a value and that Anthropic refuses. */
const boundKeys = new Set([
  "minimum",
  "maximum",
  "exclusiveMinimum",
  "exclusiveMaximum",
  "multipleOf",
  "minLength",
  "maxLength",
  "pattern",
  "maxItems",
  "uniqueItems",
  "minProperties",
  "maxProperties",
]);
const refusedKeys = [
  "oneOf",
  "not",
  "if",
  "prefixItems",
  "contains",
  "propertyNames",
  "patternProperties",
  "dependentRequired",
  "dependentSchemas",
];

/**
 * A schema as Anthropic takes it: without bounds, its objects closed. Undefined where it has forms that the API does
 * not know, or objects with any names.
 */
export const anthropicSchema = (schema: unknown): JsonObject | undefined => {
  if (!isObject(schema) || refusedKeys.some((key) => key in schema)) return undefined;
  const isOpen = schema.additionalProperties !== undefined && schema.additionalProperties !== false;
  if (isOpen || partsOf(schema).some((part) => anthropicSchema(part) === undefined)) return undefined;
  const taken = (value: unknown) => anthropicSchema(value) ?? {};
  const kept = Object.entries(schema).filter(
    ([key, value]) => !boundKeys.has(key) && !(key === "minItems" && Number(value) > 1),
  );
  return {
    ...Object.fromEntries(
      kept.map(([key, value]) => {
        if (key === "items") return [key, taken(value)];
        if (listKeys.includes(key)) return [key, listOf(value).map(taken)];
        if (!mapKeys.includes(key) || !isObject(value)) return [key, value];
        return [key, Object.fromEntries(Object.entries(value).map(([name, each]) => [name, taken(each)]))];
      }),
    ),
    ...(isOfObjects(schema) && { additionalProperties: false }),
  };
};
