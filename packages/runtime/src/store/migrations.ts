import type { Dialect } from "./database.ts";
import { sessionTables } from "./tables/sessions.ts";

/** Statements that make tables, in the words of an engine. */
export type Tables = (dialect: Dialect) => readonly string[];

/** The schema's history. A released migration is never changed: a change is a new entry at the end. */
export const migrations: readonly { name: string; tables: readonly Tables[] }[] = [
  { name: "first schema", tables: [sessionTables] },
];
