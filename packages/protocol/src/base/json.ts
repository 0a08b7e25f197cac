/** A JSON object of which nothing is known yet. */
export type JsonObject = Record<string, unknown>;

/** Whether a value is an object with fields: not null and not an array. */
export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A value of this name could become the prototype of what it is copied into. */
const prototypeKey = /"__proto__"\s*:/;

/** The letters of `__proto__`, as JSON may also write them. */
const escaped = /\\u00(5f|6f|7[024])/gi;

/** Whether a text of JSON has a key `__proto__`, however it is spelled. */
export const namesPrototype = (text: string): boolean =>
  prototypeKey.test(
    text.replace(escaped, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16))),
  );
