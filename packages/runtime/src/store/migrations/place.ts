import type { Dialect } from "../database/index.ts";

/** A database whose schema is brought up to date. */
export interface Place {
  readonly dialect: Dialect;
  /** As messages name it. */
  readonly name: string;
  /** How to do without it, for messages. */
  readonly alternative: string;
}

/** One for each column of the tables that a database has. */
export interface TableColumn {
  table: string;
  column: string;
}
