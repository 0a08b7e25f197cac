/** Keywords of a JSON Schema that hold a schema. */
export const schemaKeys: readonly string[] = [
  "items",
  "additionalProperties",
  "not",
  "if",
  "then",
  "else",
  "contains",
  "propertyNames",
];

/** Those that hold a list of schemas. */
export const listKeys: readonly string[] = ["anyOf", "oneOf", "allOf", "prefixItems"];

/** Those that hold schemas by name. */
export const mapKeys: readonly string[] = [
  "properties",
  "patternProperties",
  "$defs",
  "definitions",
  "dependentSchemas",
];

/** Whether a value is what `required` holds. */
export const isNames = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((each) => typeof each === "string");
