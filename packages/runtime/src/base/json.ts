import { holdsMoreValues, isObject, type JsonObject } from "@muxi/protocol";

// JSON from outside, read by hand: a schema check for each token would cost more than all the rest.

/**
 * Most levels of objects and arrays in one another. `JSON.parse` takes any number; `JSON.stringify`, and all code that
 * looks into what it gives, has only the stack.
 */
export const deepestJson = 100;

/** Most values in one text: the data of a trigger may hold many, millions would keep the event loop for a minute. */
export const mostJsonValues = 100_000;

/** Whether a value has more than `deepestJson` levels. */
export const isTooDeep = (value: unknown): boolean => {
  let level = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > deepestJson) return true;
    level = level.flatMap((each) => (typeof each === "object" && each !== null ? Object.values(each) : []));
  }
  return false;
};

/** Whether a text opens so many objects and arrays that they might be in one another. */
const opensMany = (text: string): boolean => {
  let left = deepestJson;
  for (const bracket of "{[") {
    for (let at = text.indexOf(bracket); at !== -1; at = text.indexOf(bracket, at + 1)) {
      left -= 1;
      if (left < 0) return true;
    }
  }
  return false;
};

/**
 * What the text holds, or undefined when it is not JSON or has more than `deepestJson` levels.
 *
 * @param most Values: with more of them it is undefined, too.
 */
export const parseJson = (text: string, most = mostJsonValues): unknown => {
  try {
    if (text.length > most && holdsMoreValues(text, most)) return undefined;
    const value: unknown = JSON.parse(text);
    return opensMany(text) && isTooDeep(value) ? undefined : value;
  } catch {
    return undefined;
  }
};

/** The object that the text holds, or undefined when it holds none or `parseJson` refuses it. */
export const parseObject = (text: string, most?: number): JsonObject | undefined => {
  const value = parseJson(text, most);
  return isObject(value) ? value : undefined;
};

/** The object in a text that has words or a fence around it, as models write it: from the first `{` to the last `}`. */
export const objectWithin = (text: string): JsonObject | undefined => {
  const start = text.indexOf("{");
  return start === -1 ? undefined : parseObject(text.slice(start, text.lastIndexOf("}") + 1));
};

export const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

export const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

/** A count of tokens; whatever is not a whole number above zero counts as none. */
export const countOf = (value: unknown): number =>
  typeof value === "number" && Number.isInteger(value) && value > 0 ? value : 0;
