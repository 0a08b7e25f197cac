import type { Dialect } from "../database/index.ts";

/** One change of the schema. Its number is its place in the list of all migrations. */
export interface Migration {
  /** What it does in a few words, as its file is named. Recorded in each database. */
  readonly name: string;
  /**
   * SQL statements, run in order in one transaction. Where the engines differ, they take the right form from the
   * dialect. Empty when there is nothing to do on an engine.
   */
  readonly statements: (dialect: Dialect) => readonly string[];
}
