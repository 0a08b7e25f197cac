import type { Dialect } from "../database/index.ts";

/** One step of the schema's history. Its number is its place in the list of all. */
export interface Migration {
  /** What it does, in a few words: recorded in each database that went through it. */
  readonly name: string;
  /**
   * SQL that makes the step, run in order in one transaction. Where the engines differ, it asks the dialect; none for
   * an engine that needs nothing.
   */
  readonly statements: (dialect: Dialect) => readonly string[];
}
