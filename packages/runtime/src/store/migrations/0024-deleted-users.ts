import type { Migration } from "./migration.ts";

/**
 * All that belongs to a user is found without reading what belongs to others, and what all users share names none of them.
 * `user_deletion` says when a user was last deleted: other processes then read anew which identifier leads to whose data.
 */
export const deletedUsers: Migration = {
  name: "deleted users",
  statements: ({ inKeyOrder }) => [
    `create table user_deletion (
      formation_id text not null primary key,
      deleted_at bigint not null
    )${inKeyOrder}`,
    "create index delivery_by_user on delivery (formation_id, user_id, id)",
    "create index ingestion_by_user on ingestion (formation_id, user_id, id)",
    "create index job_run_by_user on job_run (formation_id, user_id, job_id, due)",
    "create index audit_by_user on audit (formation_id, user_id, seq) where user_id is not null",
    "update memory set user_id = '' where scope <> 'user'",
  ],
};
