/** The Postgres engine: one database, shared by any number of processes. */

export { copyRows } from "./copy.ts";
export { openPostgres } from "./open.ts";
export { migratePostgres } from "./schema.ts";
