/** Value of a column on both engines. JSON is stored as text, a flag as 0 or 1, a time as Unix milliseconds. */
export type SqlValue = string | number | null | Uint8Array;

/** SQL with a `?` for each value. */
export interface Statement {
  readonly text: string;
  readonly values: readonly SqlValue[];
  /**
   * Called when the transaction has been committed, before anything is read again; only by databases with a
   * `dataVersion`.
   */
  readonly onCommit?: (result: WriteResult) => void;
}

export interface WriteResult {
  /** Number of rows that were inserted, updated or deleted. */
  changes: number;
  /** What the `returning` clause names. */
  rows: readonly Record<string, SqlValue>[];
}

const isStatement = (part: SqlValue | Statement): part is Statement =>
  typeof part === "object" && part !== null && "text" in part;

/** The strings of a template literal are one object as long as the program runs, so they are joined only once. */
const texts = new WeakMap<TemplateStringsArray, string>();

/**
 * Writes a statement: values become parameters, other statements become part of the text.
 *
 * @example
 * sql`select id from session where user_id = ${userId} ${since ? sql`and last_activity >= ${since}` : sql``}`
 */
export const sql = (
  strings: TemplateStringsArray,
  ...parts: readonly (SqlValue | Statement)[]
): Statement => {
  if (!parts.some(isStatement)) {
    let text = texts.get(strings);
    if (text === undefined) {
      text = strings.join("?");
      texts.set(strings, text);
    }
    return { text, values: parts as readonly SqlValue[] };
  }
  let text = strings[0] ?? "";
  const values: SqlValue[] = [];
  parts.forEach((part, index) => {
    if (isStatement(part)) {
      text += part.text;
      values.push(...part.values);
    } else {
      text += "?";
      values.push(part);
    }
    text += strings[index + 1] ?? "";
  });
  return { text, values };
};

/** `?, ?, ?`: the values of an `in (…)`. For lists of few different lengths, since each length is a statement of its own. */
export const list = (values: readonly SqlValue[]): Statement => ({
  text: values.length === 0 ? "null" : `?${", ?".repeat(values.length - 1)}`,
  values,
});
