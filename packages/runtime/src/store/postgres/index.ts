/** The Postgres engine: one database, shared by any number of processes. */

export { openPostgres } from "./open.ts";
export { migratePostgres } from "./schema.ts";
