import type { Migration } from "./migration.ts";

/** A request keeps which agent answered it, also when it failed. */
export const agentOfARequest: Migration = {
  name: "agent of a request",
  statements: () => ["alter table request add column agent_id text"],
};
