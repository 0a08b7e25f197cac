import { isDeepStrictEqual, types } from "node:util";
import vm from "node:vm";
import { isObject, type JsonObject } from "@muxi/protocol";
import { canonicalJson } from "./canonical-json.ts";
import { listOf } from "./json.ts";

// JSON Schema 2020-12, read and not compiled: a schema of a caller must not become code, and whatever schema and value
// say must end soon.

/** Most problems that are told of a value. */
const mostProblems = 5;
/** Levels of a schema with its references followed. */
const deepestLook = 400;
/** Milliseconds for a value, if nobody says less: its patterns, and forms within forms, could take years. */
const checkTime = 250;

/** Thrown when a value cannot be checked within the limits. */
class CannotBeChecked extends Error {}

/** The part of a schema that a reference within it names; undefined where it leads nowhere or out of the schema. */
export const referredIn = (root: unknown, reference: string): unknown => {
  if (reference === "#") return root;
  if (!reference.startsWith("#/")) return undefined;
  let found = root;
  for (const part of reference.slice(2).split("/")) {
    let key = part;
    try {
      key = decodeURIComponent(part);
    } catch {
      return undefined;
    }
    key = key.replaceAll("~1", "/").replaceAll("~0", "~");
    if (Array.isArray(found)) found = found[Number(key)];
    else found = isObject(found) && Object.hasOwn(found, key) ? found[key] : undefined;
  }
  return found;
};

const typeOf = (value: unknown): string => {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return typeof value;
};

const isOfType = (value: unknown, type: unknown): boolean =>
  type === typeOf(value) || (type === "integer" && Number.isInteger(value));

const isTimeout = (error: unknown): boolean =>
  types.isNativeError(error) && "code" in error && error.code === "ERR_SCRIPT_EXECUTION_TIMEOUT";

const entriesOf = (map: unknown): [string, unknown][] => (isObject(map) ? Object.entries(map) : []);

const isMultiple = (value: number, of: number): boolean => {
  const times = value / of;
  return Math.abs(times - Math.round(times)) < 1e-9 * Math.max(1, Math.abs(times));
};

/** One look at a part of a value. */
interface Look {
  /** Notes a problem of this part. */
  tell: (what: string) => void;
  /** Checks what the part has under a name. */
  within: (part: unknown, schema: unknown, name: string | number) => void;
  /** Whether a value fits a schema. */
  fits: (value: unknown, schema: unknown) => boolean;
}

/** The check by a schema and by those that it refers to. */
const createChecker = (root: unknown) => {
  const checkText = (value: string, { minLength, maxLength, pattern }: JsonObject, { tell }: Look): void => {
    if (typeof minLength === "number" || typeof maxLength === "number") {
      let length = 0;
      for (const _ of value) length += 1;
      if (typeof minLength === "number" && length < minLength) tell(`is shorter than ${minLength}`);
      if (typeof maxLength === "number" && length > maxLength) tell(`is longer than ${maxLength}`);
    }
    if (typeof pattern === "string" && !new RegExp(pattern, "u").test(value))
      tell(`does not match ${pattern}`);
  };

  const checkNumber = (value: number, schema: JsonObject, { tell }: Look): void => {
    const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema;
    if (typeof minimum === "number" && value < minimum) tell(`is less than ${minimum}`);
    if (typeof maximum === "number" && value > maximum) tell(`is more than ${maximum}`);
    if (typeof exclusiveMinimum === "number" && value <= exclusiveMinimum)
      tell(`is not more than ${exclusiveMinimum}`);
    if (typeof exclusiveMaximum === "number" && value >= exclusiveMaximum)
      tell(`is not less than ${exclusiveMaximum}`);
    if (typeof multipleOf === "number" && !isMultiple(value, multipleOf))
      tell(`is no multiple of ${multipleOf}`);
  };

  const checkList = (value: readonly unknown[], schema: JsonObject, { tell, within, fits }: Look): void => {
    const { minItems, maxItems, items, contains, minContains = 1, maxContains } = schema;
    if (typeof minItems === "number" && value.length < minItems) tell(`has fewer than ${minItems} items`);
    if (typeof maxItems === "number" && value.length > maxItems) tell(`has more than ${maxItems} items`);
    if (schema.uniqueItems === true) {
      const texts = value.map((each) => canonicalJson([each]));
      if (new Set(texts).size < texts.length) tell("has the same item twice");
    }
    const first = listOf(schema.prefixItems);
    for (const [index, each] of value.entries()) {
      const known = index < first.length ? first[index] : items;
      if (known !== undefined) within(each, known, index);
    }
    if (contains === undefined) return;
    const count = value.filter((each) => fits(each, contains)).length;
    if (count < Number(minContains) || count > Number(maxContains ?? count))
      tell(`has ${count} items that contains describes`);
  };

  const checkNames = (names: readonly string[], schema: JsonObject, { tell }: Look): void => {
    const { minProperties, maxProperties } = schema;
    const known = new Set(names);
    const lack = (needed: unknown, why: string) => {
      for (const name of listOf(needed)) if (!known.has(String(name))) tell(`lacks ${String(name)}${why}`);
    };
    lack(schema.required, "");
    for (const [name, needed] of entriesOf(schema.dependentRequired))
      if (known.has(name)) lack(needed, `, which ${name} needs`);
    if (typeof minProperties === "number" && known.size < minProperties)
      tell(`has fewer than ${minProperties} properties`);
    if (typeof maxProperties === "number" && known.size > maxProperties)
      tell(`has more than ${maxProperties} properties`);
  };

  const checkObject = (value: JsonObject, schema: JsonObject, look: Look): void => {
    const names = Object.keys(value);
    checkNames(names, schema, look);
    const properties = isObject(schema.properties) ? schema.properties : {};
    const patterns = entriesOf(schema.patternProperties);
    for (const name of names) {
      const known = [
        ...(Object.hasOwn(properties, name) ? [properties[name]] : []),
        ...patterns.flatMap(([pattern, each]) => (new RegExp(pattern, "u").test(name) ? [each] : [])),
      ];
      if (known.length === 0) known.push(schema.additionalProperties);
      for (const each of known) look.within(value[name], each, name);
      if (schema.propertyNames !== undefined) look.within(name, schema.propertyNames, name);
    }
  };

  /** The other schemas that a value must fit too, or some of them. */
  const checkForms = (value: unknown, schema: JsonObject, { tell, fits }: Look): unknown[] => {
    const { anyOf, oneOf, not, if: condition } = schema;
    const fitting = (each: unknown) => fits(value, each);
    if (Array.isArray(anyOf) && !anyOf.some(fitting)) tell("fits none of the forms of anyOf");
    if (Array.isArray(oneOf) && oneOf.filter(fitting).length !== 1)
      tell("fits none or several of the forms of oneOf");
    if (not !== undefined && fitting(not)) tell("has the form that not rules out");
    return [
      ...(typeof schema.$ref === "string" ? [referredIn(root, schema.$ref)] : []),
      ...listOf(schema.allOf),
      ...(condition === undefined ? [] : [fitting(condition) ? schema.then : schema.else]),
      ...entriesOf(schema.dependentSchemas).flatMap(([name, each]) =>
        isObject(value) && Object.hasOwn(value, name) ? [each] : [],
      ),
    ];
  };

  const check = (value: unknown, schema: unknown, place: string, depth: number): string[] => {
    if (depth > deepestLook) throw new CannotBeChecked("its schema refers to itself without end");
    const shown = place === "" ? "The value" : place;
    if (schema === false) return [`${shown} must not be there`];
    if (!isObject(schema)) return [];
    const problems: string[] = [];
    const add = (more: readonly string[]) =>
      problems.push(...more.slice(0, Math.max(0, mostProblems - problems.length)));
    const look: Look = {
      tell: (what) => add([`${shown} ${what}`]),
      within(part, each, name) {
        if (problems.length < mostProblems) add(check(part, each, `${place}/${name}`, depth + 1));
      },
      fits: (part, each) => check(part, each, place, depth + 1).length === 0,
    };
    const { type } = schema;
    if (type !== undefined && !(Array.isArray(type) ? type : [type]).some((each) => isOfType(value, each))) {
      look.tell(`must be of type ${Array.isArray(type) ? type.join(" or ") : String(type)}`);
      return problems;
    }
    if (Array.isArray(schema.enum)) {
      if (!schema.enum.some((each) => isDeepStrictEqual(each, value)))
        look.tell(`must be one of ${JSON.stringify(schema.enum).slice(0, 200)}`);
    }
    if (Object.hasOwn(schema, "const") && !isDeepStrictEqual(schema.const, value))
      look.tell(`must be ${JSON.stringify(schema.const).slice(0, 200)}`);
    for (const each of checkForms(value, schema, look)) add(check(value, each, place, depth + 1));
    if (typeof value === "string") checkText(value, schema, look);
    else if (typeof value === "number") checkNumber(value, schema, look);
    else if (Array.isArray(value)) checkList(value, schema, look);
    else if (isObject(value)) checkObject(value, schema, look);
    return problems;
  };
  return check;
};

/**
 * What of a value does not fit its JSON Schema, the first few things with their places; empty when all fits.
 *
 * @param schema As `schemaProblem` has found it fit.
 * @param time Milliseconds.
 */
export const problemsOf = (value: unknown, schema: unknown, time = checkTime): string[] => {
  try {
    // What a script calls is stopped with it, in the middle of a pattern too.
    const context = vm.createContext({ check: () => createChecker(schema)(value, schema, "", 0) });
    return vm.runInContext("check()", context, { timeout: Math.max(1, Math.ceil(time)) });
  } catch (error) {
    if (error instanceof CannotBeChecked) return [`The value cannot be checked: ${error.message}`];
    if (!isTimeout(error)) throw error;
    return ["The value cannot be checked: it and its schema take too long"];
  }
};
