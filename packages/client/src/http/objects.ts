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
