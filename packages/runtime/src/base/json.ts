import { isObject, type JsonObject } from "@muxi/protocol";

// JSON from outside, read by hand: a schema check for each token would cost more than all the rest.

/** What the text holds, or undefined when it is not JSON. */
export const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** The object that the text holds, or undefined when it is not JSON or not an object. */
export const parseObject = (text: string): JsonObject | undefined => {
  const value = parseJson(text);
  return isObject(value) ? value : undefined;
};

export const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

export const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

/** A count of tokens; whatever is not a whole number above zero counts as none. */
export const countOf = (value: unknown): number =>
  typeof value === "number" && Number.isInteger(value) && value > 0 ? value : 0;
