import type { Migration } from "./migration.ts";

/** New jobs of a user are limited per hour and per day. Deleted ones count too, so their creation has a row of its own. */
export const creationsOfJobs: Migration = {
  name: "creations of jobs",
  statements: ({ inKeyOrder }) => [
    `create table job_creation (
      formation_id text not null,
      user_id text not null,
      created_at bigint not null,
      job_id text not null,
      primary key (formation_id, user_id, created_at, job_id)
    )${inKeyOrder}`,
    `insert into job_creation (formation_id, user_id, created_at, job_id)
      select formation_id, user_id, created_at, id from job`,
  ],
};
