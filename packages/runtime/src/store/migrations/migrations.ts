import { firstSchema } from "./0001-first-schema.ts";
import { requestsByTime } from "./0002-requests-by-time.ts";
import { roomForRequestUpdates } from "./0003-room-for-request-updates.ts";
import type { Migration } from "./migration.ts";

/** All migrations in order. A released one is never changed: changes are new migrations at the end. */
export const migrations: readonly Migration[] = [firstSchema, requestsByTime, roomForRequestUpdates];
