/** The fields of a JSON object. */
export type Fields = Record<string, unknown>;

/** Whether a JSON value is an object. */
export const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The fields of a JSON value; none when it is no object. */
export const fieldsOf = (value: unknown): Fields => (isFields(value) ? value : {});
