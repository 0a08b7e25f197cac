import { isObject, type JsonObject } from "@muxi/protocol";
import { isNames, listKeys, listOf, mapKeys, referredIn, schemaKeys, textOf } from "../base/index.ts";
import { isUsable, typesOf } from "./schema-keywords.ts";
import { createUniqueNames } from "./unique-names.ts";

// What providers refuse, and with it every message of an agent (docs/spec/formation-files.md "Tool loop").

/** A tool's schema as every provider takes it. */
export interface FittedSchema {
  schema: JsonObject;
  /** The server's names of arguments whose own names no provider takes, by the name that models see. */
  renamed: ReadonlyMap<string, string>;
}

/** Levels of a schema, below which anything is allowed. */
const deepest = 50;
/**
 * Schemas and properties that are merged at the root, references followed: a few references can stand for millions.
 */
const mostMerged = 5_000;
/** Names of arguments that every provider takes. */
const argumentName = /^[a-zA-Z0-9_.-]{1,64}$/;

const combinators = ["anyOf", "oneOf", "allOf"] as const;
const rootOnly = new Set(["$ref", "enum", "const", "not", "if", "then", "else", ...combinators]);

const hasType = ({ type }: JsonObject, name: string): boolean => typesOf(type).includes(name);

/**
 * A schema below the root: arrays get `items`, objects `properties`, and what no schema may hold goes, as do references
 * that lead nowhere.
 */
const fitted = (value: unknown, root: JsonObject, depth: number): unknown => {
  if (!isObject(value)) return value === false ? { not: {} } : {};
  if (depth > deepest) return {};
  const within = (each: unknown) => fitted(each, root, depth + 1);
  const schema: JsonObject = {};
  for (const [key, part] of Object.entries(value)) {
    if (key === "$ref") {
      if (referredIn(root, textOf(part)) !== undefined) schema[key] = part;
    } else if (key === "items" && Array.isArray(part)) {
      // A tuple of older drafts.
      schema.items = part.length === 0 ? {} : { anyOf: part.map(within) };
    } else if (key === "additionalProperties" && typeof part === "boolean") {
      schema[key] = part;
    } else if (schemaKeys.includes(key)) {
      schema[key] = within(part);
    } else if (listKeys.includes(key)) {
      if (listOf(part).length > 0) schema[key] = listOf(part).map(within);
    } else if (mapKeys.includes(key)) {
      if (isObject(part))
        schema[key] = Object.fromEntries(Object.entries(part).map(([name, each]) => [name, within(each)]));
    } else if (key === "required") {
      if (isNames(part)) schema[key] = [...new Set(part)];
    } else if (key === "type") {
      const types = typesOf(part);
      if (types.length > 0) schema[key] = types.length === 1 ? types[0] : types;
    } else if (isUsable(key, part)) {
      schema[key] = part;
    }
  }
  if (hasType(schema, "array") && schema.items === undefined) schema.items = {};
  if (hasType(schema, "object") && schema.properties === undefined) schema.properties = {};
  return schema;
};

/** The properties of several schemas, each with all that is said of it. */
interface Shape {
  properties: Map<string, unknown[]>;
  required: Set<string>;
}

const add = (properties: Shape["properties"], name: string, schemas: readonly unknown[]): void => {
  const known = properties.get(name) ?? [];
  const texts = new Set(known.map((each) => JSON.stringify(each)));
  properties.set(name, [...known, ...schemas.filter((each) => !texts.has(JSON.stringify(each)))]);
};

/** One object in the place of a root with references and combinators: the properties of all its forms. */
const shapeOf = (root: JsonObject): Shape => {
  let merged = 0;

  const visit = (schema: unknown, path: readonly unknown[]): Shape => {
    const shape: Shape = { properties: new Map(), required: new Set() };
    if (!isObject(schema) || path.includes(schema)) return shape;
    const own = isObject(schema.properties) ? Object.entries(schema.properties) : [];
    merged += 1 + own.length;
    if (merged > mostMerged) throw new Error("its schema has too many forms");
    const below = [...path, schema];
    for (const [name, each] of own) shape.properties.set(name, [each]);
    if (isNames(schema.required)) shape.required = new Set(schema.required);
    const whole = [
      ...(schema.$ref === undefined ? [] : [referredIn(root, textOf(schema.$ref))]),
      ...listOf(schema.allOf),
    ];
    for (const part of whole) {
      const { properties, required } = visit(part, below);
      for (const [name, schemas] of properties) add(shape.properties, name, schemas);
      for (const name of required) shape.required.add(name);
    }
    for (const key of ["anyOf", "oneOf"]) {
      const forms = listOf(schema[key]).map((form) => visit(form, below));
      for (const { properties } of forms)
        for (const [name, schemas] of properties) add(shape.properties, name, schemas);
      const [first, ...others] = forms;
      for (const name of first?.required ?? []) {
        if (others.every(({ required }) => required.has(name))) shape.required.add(name);
      }
    }
    return shape;
  };

  return visit(root, []);
};

/**
 * Makes the schema of a tool's arguments fit for every provider: an object with `properties` and without combinators
 * at the root, `items` in every array.
 *
 * @throws Error when it does not describe an object; the message completes "the tool cannot be used: "
 */
export const fitSchema = (input: unknown): FittedSchema => {
  const root = input === undefined || input === null || input === true ? {} : input;
  if (!isObject(root)) throw new Error("its schema is not an object");
  if (root.type !== undefined && root.type !== null && !hasType(root, "object"))
    throw new Error(`its arguments are of type ${JSON.stringify(root.type)}, not "object"`);
  const { properties: own, required } = shapeOf(root);
  for (const name of required) if (!own.has(name)) own.set(name, [{}]);

  const properties: JsonObject = {};
  const renamed = new Map<string, string>();
  const shownName = createUniqueNames(
    /[^a-zA-Z0-9_.-]/g,
    [...own.keys()].filter((name) => argumentName.test(name)),
  );
  const shown = new Map<string, string>();
  for (const [name, schemas] of own) {
    let as = name;
    if (!argumentName.test(name)) {
      as = shownName(name);
      renamed.set(as, name);
    }
    shown.set(name, as);
    const forms = schemas.map((each) => fitted(each, root, 1));
    properties[as] = forms.length === 1 ? forms[0] : { anyOf: forms };
  }

  const rest = Object.fromEntries(Object.entries(root).filter(([key]) => !rootOnly.has(key)));
  const kept = fitted({ ...rest, properties: {} }, root, 0);
  const schema: JsonObject = { ...(isObject(kept) ? kept : {}), type: "object", properties };
  delete schema.required;
  if (required.size > 0) schema.required = [...required].map((name) => shown.get(name) ?? name);
  return { schema: withoutDangling(schema), renamed };
};

/** References into parts of the root that are merged now would lead nowhere: what they name may be anything. */
const withoutDangling = (schema: JsonObject): JsonObject => {
  const clean = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(clean);
    if (!isObject(value)) return value;
    if (typeof value.$ref === "string" && referredIn(schema, value.$ref) === undefined) {
      const { $ref: _, ...others } = value;
      return clean(others);
    }
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, clean(each)]));
  };
  const cleaned = clean(schema);
  return isObject(cleaned) ? cleaned : schema;
};

/** The arguments of a call by the names that the server knows. */
export const serverArguments = (
  args: Record<string, unknown>,
  { renamed }: Pick<FittedSchema, "renamed">,
): Record<string, unknown> =>
  renamed.size === 0
    ? args
    : Object.fromEntries(Object.entries(args).map(([name, value]) => [renamed.get(name) ?? name, value]));
