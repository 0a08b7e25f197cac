/** What a column can hold on both engines. JSON is text, a flag is 0 or 1, a time is Unix milliseconds. */
export type SqlValue = string | number | null;

/** SQL with its values; a Kysely query compiles to one. */
export interface Statement {
  readonly sql: string;
  readonly parameters: readonly unknown[];
}

export interface WriteResult {
  /** Rows that the statement inserted, changed or deleted. */
  changes: number;
}
