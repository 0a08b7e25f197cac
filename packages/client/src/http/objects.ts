/** The fields of a JSON object. */
export type Fields = Record<string, unknown>;

/** Whether a JSON value is an object and not an array. */
export const isObject = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The fields of a JSON value; none unless it is an object. */
export const fieldsOf = (value: unknown): Fields => (isObject(value) ? value : {});

/** The first of the values that is a string and not empty. */
export const firstText = (...values: unknown[]): string | undefined =>
  values.find((value): value is string => typeof value === "string" && value !== "");

/** Most levels of a JSON value. Many more would overflow the stack of whoever walks through them. */
const mostLevels = 200;

const fits = (value: unknown, levels: number): boolean =>
  typeof value !== "object" ||
  (levels > 0 && Object.values(value ?? []).every((each) => fits(each, levels - 1)));

/** The value of a JSON text; undefined when it is none, or one nested deeper than 200 levels. */
export const parseJson = (text: string): unknown => {
  try {
    const value: unknown = JSON.parse(text);
    // A level takes two characters: most texts are too short to be looked through.
    return text.length < 2 * mostLevels || fits(value, mostLevels) ? value : undefined;
  } catch {
    return undefined;
  }
};
