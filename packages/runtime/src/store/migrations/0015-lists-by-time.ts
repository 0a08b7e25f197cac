import type { Migration } from "./migration.ts";

/** Identifiers of all users and jobs of all users are listed, newest first, without sorting all of them. */
export const listsByTime: Migration = {
  name: "lists by time",
  statements: () => [
    `create index user_identifier_by_time on user_identifier (formation_id, created_at, identifier)
      where user_id is not null`,
    "create index job_by_time on job (formation_id, created_at, id)",
  ],
};
