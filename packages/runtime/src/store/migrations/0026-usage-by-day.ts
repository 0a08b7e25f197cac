import type { Migration } from "./migration.ts";

/** What requests have used that were deleted, by the day (since 1970, in UTC) on which they were made. */
export const usageByDay: Migration = {
  name: "usage by day",
  statements: ({ inKeyOrder }) => [
    `create table usage_by_day (
      formation_id text not null,
      user_id text not null,
      day bigint not null,
      agent_id text not null,
      model text not null,
      requests bigint not null,
      failed bigint not null,
      input_tokens bigint not null,
      output_tokens bigint not null,
      cached_tokens bigint not null,
      cache_write_tokens bigint not null,
      primary key (formation_id, user_id, day, agent_id, model)
    )${inKeyOrder}`,
    "create index usage_by_day_in_time on usage_by_day (formation_id, day)",
  ],
};
