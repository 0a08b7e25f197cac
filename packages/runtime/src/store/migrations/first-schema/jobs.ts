import type { Dialect } from "../../database/index.ts";

/**
 * Scheduled jobs and their runs. `next_run` is null when a job will not run again. A run is identified by its scheduled
 * time, so that a job runs only once for each. `scheduler_pulse` is when a scheduler was last active.
 */
export const jobTables = ({ inKeyOrder }: Dialect): readonly string[] => [
  `create table job (
    formation_id text not null,
    id text not null,
    user_id text not null,
    type text not null,
    schedule text not null,
    message text not null,
    cron text,
    run_at bigint,
    exclusions text not null,
    timezone text not null,
    status text not null,
    next_run bigint,
    last_run bigint,
    last_run_status text,
    last_run_error text,
    total_runs bigint not null,
    total_failures bigint not null,
    failures_in_row bigint not null,
    created_at bigint not null,
    updated_at bigint not null,
    idempotency_key text,
    body_hash text,
    primary key (formation_id, id)
  )${inKeyOrder}`,
  "create index job_due on job (formation_id, next_run) where next_run is not null",
  "create index job_active on job (formation_id, user_id) where status = 'active'",
  "create unique index job_by_key on job (formation_id, user_id, idempotency_key) where idempotency_key is not null",
  "create index job_by_user on job (formation_id, user_id, created_at)",
  `create table job_run (
    formation_id text not null,
    job_id text not null,
    due bigint not null,
    user_id text not null,
    request_id text not null,
    status text not null,
    late bigint not null,
    started_at bigint not null,
    ended_at bigint,
    result text,
    error text,
    primary key (formation_id, job_id, due)
  )${inKeyOrder}`,
  "create index job_run_by_request on job_run (formation_id, request_id)",
  "create index job_run_at_work on job_run (formation_id, user_id) where status = 'running'",
  `create table scheduler_pulse (
    formation_id text not null primary key,
    seen_at bigint not null
  )${inKeyOrder}`,
];
