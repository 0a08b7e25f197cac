import type { Dialect } from "../database/index.ts";
import { auditTables } from "./first-schema/audit.ts";
import { deliveryTables } from "./first-schema/deliveries.ts";
import { jobTables } from "./first-schema/jobs.ts";
import { memoryTables } from "./first-schema/memories.ts";
import { requestTables } from "./first-schema/requests.ts";
import { sessionTables } from "./first-schema/sessions.ts";
import { userTables } from "./first-schema/users.ts";

/** Statements that make tables, in the words of an engine. */
export type Tables = (dialect: Dialect) => readonly string[];

/** The schema's history. A released migration is never changed: a change is a new entry at the end. */
export const migrations: readonly { name: string; tables: readonly Tables[] }[] = [
  {
    name: "first schema",
    tables: [sessionTables, requestTables, memoryTables, deliveryTables, userTables, auditTables, jobTables],
  },
];
