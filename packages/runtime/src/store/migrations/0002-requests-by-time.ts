import type { Migration } from "./migration.ts";

/**
 * Lists the newest requests and deletes old ones without reading all the others. With 200,000 requests, two per second
 * for a day, either had blocked the event loop of a formation on SQLite for about a second.
 */
export const requestsByTime: Migration = {
  name: "requests by time",
  statements: () => ["create index request_by_time on request (formation_id, created_at)"],
};
