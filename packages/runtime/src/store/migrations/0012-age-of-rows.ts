import type { Migration } from "./migration.ts";

/**
 * What is older than it is to be kept is found without reading what is not. `oldest_at` is when the oldest message of a
 * session was said, once earlier ones have been deleted; before that, it is when the session was made, which no chat
 * changes. `retention_turn` says which process deletes, and until when no other does.
 */
export const ageOfRows: Migration = {
  name: "age of rows",
  statements: ({ inKeyOrder }) => [
    "alter table session add column oldest_at bigint",
    "create index session_by_age on session (formation_id, (coalesce(oldest_at, created_at)))",
    "create index ingestion_by_time on ingestion (formation_id, created_at)",
    "create index job_completed on job (formation_id, updated_at) where status = 'completed'",
    `create table retention_turn (
      formation_id text not null primary key,
      holder text not null,
      until bigint not null
    )${inKeyOrder}`,
  ],
};
