/** What a column can hold on both engines. JSON is text, a flag is 0 or 1, a time is Unix milliseconds. */
export type SqlValue = string | number | null | Uint8Array;

/** SQL with `?` for its values. */
export interface Statement {
  readonly text: string;
  readonly values: readonly SqlValue[];
  /**
   * Called when its transaction has been committed, before anything is read again; only by a database that tells
   * `foreignWrites`.
   */
  readonly onCommit?: (result: WriteResult) => void;
}

export interface WriteResult {
  /** Rows that the statement inserted, changed or deleted. */
  changes: number;
  /** What its `returning` clause named. */
  rows: readonly Record<string, SqlValue>[];
}

const isStatement = (part: SqlValue | Statement): part is Statement =>
  typeof part === "object" && part !== null && "text" in part;

/** A template's literal is one object for the whole life of the program, so its text is joined once. */
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

/** `?, ?, ?`: the values of an `in (…)`. Lengths should be few, since each makes a statement of its own. */
export const list = (values: readonly SqlValue[]): Statement => ({
  text: values.length === 0 ? "null" : `?${", ?".repeat(values.length - 1)}`,
  values,
});
