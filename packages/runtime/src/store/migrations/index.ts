/** The history of the schema, as numbered migrations that each database goes through once. */

export { migrations } from "./migrations.ts";
