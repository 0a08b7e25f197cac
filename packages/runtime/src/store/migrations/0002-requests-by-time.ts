import type { Migration } from "./migration.ts";

/**
 * The newest requests of a formation are listed, and old ones deleted, without a look at all the others. With 200,000
 * requests, a day of two a second, each had kept the event loop of a formation on SQLite for a second.
 */
export const requestsByTime: Migration = {
  name: "requests by time",
  statements: () => ["create index request_by_time on request (formation_id, created_at)"],
};
