import type { Dialect } from "../database/index.ts";

/** The database to migrate. */
export interface Place {
  readonly dialect: Dialect;
  /** Its name in messages. */
  readonly name: string;
  /** What to do when it cannot be used, for messages. */
  readonly alternative: string;
}

/** A column of a table in the database. */
export interface TableColumn {
  table: string;
  column: string;
}
