/** A JSON object of which nothing is known yet. */
export type JsonObject = Record<string, unknown>;

/** Whether a value is an object with fields: not null and not an array. */
export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * Whether an object in a value has a key `__proto__`, which could become the prototype of what it is copied into. It looks
 * at each value once.
 */
export const namesPrototype = (value: unknown): boolean => {
  const left = [value];
  while (left.length > 0) {
    const next = left.pop();
    if (typeof next !== "object" || next === null) continue;
    if (Object.hasOwn(next, "__proto__")) return true;
    for (const child of Object.values(next)) left.push(child);
  }
  return false;
};

const [quote, backslash, comma, bracket, brace] = [0x22, 0x5c, 0x2c, 0x5b, 0x7b];

/** Where the string that begins at a quote has its other quote; the end of the text where it has none. */
const endOfString = (text: string, from: number): number => {
  const next = text.indexOf('"', from + 1);
  if (next === -1) return text.length;
  if (text.charCodeAt(next - 1) !== backslash) return next;
  for (let at = from + 1; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === backslash) at += 1;
    else if (code === quote) return at;
  }
  return text.length;
};

/**
 * Whether a text of JSON holds more values than so many, found out without making them: millions, for which a few
 * megabytes are enough, keep a parser and its event loop for seconds.
 */
export const holdsMoreValues = (text: string, most: number): boolean => {
  let found = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === quote) at = endOfString(text, at);
    // What stands before each value but the first.
    else if (code === comma || code === bracket || code === brace) {
      found += 1;
      if (found > most) return true;
    }
  }
  return false;
};
