/** The history of the schema: numbered migrations, each of which is applied to a database once. */

export type { Migration } from "./migration.ts";
export { migrations } from "./migrations.ts";
export type { Place, TableColumn } from "./place.ts";
export { type AppliedMigration, hasHistory, nextStep, readApplied, type Step, stepFailed } from "./plan.ts";
export { type CopiedTable, copiedTables, tables } from "./tables.ts";
