import type { Migration } from "./migration.ts";

/** Deliveries of one request, and those that have failed, are found without reading all others of the last days. */
export const deliveriesOfRequests: Migration = {
  name: "deliveries of requests",
  statements: () => [
    "create index delivery_by_request on delivery (formation_id, request_id)",
    "create index delivery_failed on delivery (formation_id, created_at) where status = 'failed'",
  ],
};
