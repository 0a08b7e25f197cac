/** Value of a column on both engines. JSON is stored as text, a flag as 0 or 1, a time as Unix milliseconds. */
export type SqlValue = string | number | null | Uint8Array;

/** SQL with a `?` for each value. */
export interface Statement {
  readonly text: string;
  readonly values: readonly SqlValue[];
  /** Which row it is about, when it was made by `Dialect.each`. */
  readonly key?: string;
  /**
   * Called when the transaction has been committed, before anything is read again; only by databases with a
   * `dataVersion`.
   */
  readonly onCommit?: (result: WriteResult) => void;
}

/** Columns of a row of values. */
export type Columns = Readonly<Record<string, "text" | "bigint" | "double precision">>;

/** A statement about a row of values, which is there in its text as if it were a table named `given`. */
export interface RowStatement<Given extends Columns> {
  given: Given;
  /** Names it `from given`, or behind another table `, given`, and its columns `given.name`. It has no other values. */
  text: string;
  /** What tells a row that was changed from others, in SQL. Without it, changes are not counted on Postgres. */
  key?: string;
}

export interface WriteResult {
  /** Number of rows that were inserted, updated or deleted. */
  changes: number;
  /** What the `returning` clause names. */
  rows: readonly Record<string, SqlValue>[];
}

const isStatement = (part: SqlValue | Statement): part is Statement =>
  typeof part === "object" && part !== null && "text" in part;

/**
 * The text that was last made of a template, and the texts of the statements in it. The strings of a template literal
 * are one object as long as the program runs, and a chat's statements are the same from chat to chat, so they are joined
 * only once.
 */
const textsMade = new WeakMap<TemplateStringsArray, { inner: readonly string[]; text: string }>();

const join = (
  strings: TemplateStringsArray,
  parts: readonly (SqlValue | Statement)[],
  nested: readonly Statement[],
): string => {
  const last = textsMade.get(strings);
  if (last?.inner.length === nested.length && nested.every(({ text }, index) => text === last.inner[index])) {
    return last.text;
  }
  const text = strings.reduce((before, after, index) => {
    const part = parts[index - 1];
    return `${before}${part !== undefined && isStatement(part) ? part.text : "?"}${after}`;
  });
  textsMade.set(strings, { inner: nested.map(({ text }) => text), text });
  return text;
};

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
  const nested = parts.filter(isStatement);
  const text = join(strings, parts, nested);
  if (nested.length === 0) return { text, values: parts as readonly SqlValue[] };
  const values: SqlValue[] = [];
  for (const part of parts) {
    if (isStatement(part)) values.push(...part.values);
    else values.push(part);
  }
  return { text, values };
};

/** `?, ?, ?`: the values of an `in (…)`. For lists of few different lengths, since each length is a statement of its own. */
export const list = (values: readonly SqlValue[]): Statement => ({
  text: values.length === 0 ? "null" : `?${", ?".repeat(values.length - 1)}`,
  values,
});

/** Joins statements with a text between them. */
export const joined = (statements: readonly Statement[], separator: string): Statement => ({
  text: statements.map(({ text }) => text).join(separator),
  values: statements.flatMap(({ values }) => values),
});
