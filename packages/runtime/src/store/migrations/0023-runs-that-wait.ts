import type { Migration } from "./migration.ts";

/** Runs of jobs that wait for their users, who may never answer: they are looked for again and again. */
export const runsThatWait: Migration = {
  name: "runs that wait",
  statements: () => [
    "create index job_run_waiting on job_run (formation_id, request_id) where status = 'waiting'",
  ],
};
