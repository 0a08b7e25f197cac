import type { Dialect } from "./database.ts";
import { auditTables } from "./tables/audit.ts";
import { deliveryTables } from "./tables/deliveries.ts";
import { jobTables } from "./tables/jobs.ts";
import { memoryTables } from "./tables/memories.ts";
import { requestTables } from "./tables/requests.ts";
import { sessionTables } from "./tables/sessions.ts";
import { userTables } from "./tables/users.ts";

/** Statements that make tables, in the words of an engine. */
export type Tables = (dialect: Dialect) => readonly string[];

/** The schema's history. A released migration is never changed: a change is a new entry at the end. */
export const migrations: readonly { name: string; tables: readonly Tables[] }[] = [
  {
    name: "first schema",
    tables: [sessionTables, requestTables, memoryTables, deliveryTables, userTables, auditTables, jobTables],
  },
];
