/** The SQLite engine: one file, written by one process. */

export { openSqlite } from "./open.ts";
export { migrateSqlite } from "./schema.ts";
