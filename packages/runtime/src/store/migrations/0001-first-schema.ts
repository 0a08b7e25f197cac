import { auditTables } from "./first-schema/audit.ts";
import { deliveryTables } from "./first-schema/deliveries.ts";
import { jobTables } from "./first-schema/jobs.ts";
import { memoryTables } from "./first-schema/memories.ts";
import { requestTables } from "./first-schema/requests.ts";
import { sessionTables } from "./first-schema/sessions.ts";
import { userTables } from "./first-schema/users.ts";
import { vectorTables } from "./first-schema/vectors.ts";
import type { Migration } from "./migration.ts";

export const firstSchema: Migration = {
  name: "first schema",
  statements: (dialect) =>
    [
      sessionTables,
      requestTables,
      memoryTables,
      vectorTables,
      deliveryTables,
      userTables,
      auditTables,
      jobTables,
    ].flatMap((tables) => tables(dialect)),
};
