import type { Database } from "./database/index.ts";
import { type Statement, sql } from "./database/index.ts";
import { columns, type JobStatus, type NewJob, type StoredJob } from "./job-rows.ts";
import { createJobRuns, type JobRuns } from "./job-runs.ts";
import { afterNamed, type NamedPage } from "./list-page.ts";

/** Numbers of jobs that are limited. */
export interface JobCounts {
  /** Active jobs of the formation. */
  total: number;
  /** Active jobs of the user. */
  active: number;
  /** Jobs that the user created, including deleted ones. */
  createdLastHour: number;
  createdLastDay: number;
}

/** The scheduled jobs of a formation and their runs. */
export interface JobRepository extends JobRuns {
  /** Rejects when the user already has a job with the idempotency key. */
  insert(job: NewJob): Promise<void>;
  /** The job that a user created with an idempotency key. */
  ofKey(formationId: string, userId: string, key: string): Promise<StoredJob | undefined>;
  get(formationId: string, id: string): Promise<StoredJob | undefined>;
  /** Newest first. */
  list(formationId: string, filter: JobFilter): Promise<StoredJob[]>;
  /** Changes a job that has a status. False when there is none of that status. */
  change(formationId: string, id: string, status: JobStatus, change: JobChange): Promise<boolean>;
  /** False when there is no such job. */
  remove(formationId: string, id: string): Promise<boolean>;
  /** Deletes jobs that were completed before a time, with their runs, at most `limit`, and returns how many jobs. */
  forget(formationId: string, before: number, limit: number): Promise<number>;
  counts(formationId: string, userId: string, now: number): Promise<JobCounts>;
}

/** Which jobs to list. */
export interface JobFilter extends NamedPage {
  userId?: string | undefined;
  status?: JobStatus | undefined;
}

/** What a job has afterwards; what is absent stays as it is. */
export interface JobChange {
  message?: string;
  title?: string | null;
  /** As the caller wrote it, with its cron expression, or the moment of a job that runs once. */
  schedule?: { written: string; cron: string | null; runAt: number | null };
  status?: JobStatus;
  /** Unix milliseconds; null while the job does not run. */
  nextRun?: number | null;
  /** Forget the failures in a row. */
  forgetFailures?: boolean;
  updatedAt: number;
}

const hour = 3_600_000;
const day = 24 * hour;

export const createJobRepository = (db: Database): JobRepository => ({
  async insert(job) {
    const {
      formationId,
      id,
      userId,
      type,
      schedule,
      message,
      title,
      cron,
      exclusions,
      timezone,
      nextRun,
      createdAt,
    } = job;
    await db.write([
      sql`insert into job (formation_id, id, user_id, type, schedule, message, title, cron, run_at, exclusions, timezone,
          status, next_run, total_runs, total_failures, failures_in_row, created_at, updated_at, idempotency_key, body_hash)
        values (${formationId}, ${id}, ${userId}, ${type}, ${schedule}, ${message}, ${title}, ${cron},
          ${cron === null ? nextRun : null}, ${exclusions}, ${timezone}, 'active', ${nextRun}, 0, 0, 0,
          ${createdAt}, ${createdAt}, ${job.idempotency?.key ?? null}, ${job.idempotency?.hash ?? null})`,
      sql`insert into job_creation (formation_id, user_id, created_at, job_id)
        values (${formationId}, ${userId}, ${createdAt}, ${id})`,
      sql`delete from job_creation
        where formation_id = ${formationId} and user_id = ${userId} and created_at <= ${createdAt - day}`,
    ]);
  },

  async ofKey(formationId, userId, key) {
    const [job] = await db.read<StoredJob>(
      sql`select ${columns} from job
        where formation_id = ${formationId} and user_id = ${userId} and idempotency_key = ${key}`,
    );
    return job;
  },

  async get(formationId, id) {
    const [job] = await db.read<StoredJob>(
      sql`select ${columns} from job where formation_id = ${formationId} and id = ${id}`,
    );
    return job;
  },

  list: (formationId, { userId, status, limit, before }) =>
    db.read(
      sql`select ${columns} from job where formation_id = ${formationId}
          ${userId === undefined ? sql`` : sql`and user_id = ${userId}`}
          ${status === undefined ? sql`` : sql`and status = ${status}`}
          ${afterNamed(sql`id`, before)}
        order by created_at desc, id desc limit ${limit}`,
    ),

  async change(formationId, id, status, { message, title, schedule, nextRun, ...change }) {
    const none = sql``;
    const changed = await db.writeIf(
      sql`update job set updated_at = ${change.updatedAt}
          ${message === undefined ? none : sql`, message = ${message}`}
          ${title === undefined ? none : sql`, title = ${title}`}
          ${schedule ? sql`, schedule = ${schedule.written}, cron = ${schedule.cron}, run_at = ${schedule.runAt}` : none}
          ${change.status === undefined ? none : sql`, status = ${change.status}`}
          ${nextRun === undefined ? none : sql`, next_run = ${nextRun}`}
          ${change.forgetFailures ? sql`, failures_in_row = 0` : none}
        where formation_id = ${formationId} and id = ${id} and status = ${status}`,
      [],
    );
    return changed !== undefined;
  },

  async remove(formationId, id) {
    const removed = await db.writeIf(
      sql`delete from job where formation_id = ${formationId} and id = ${id}`,
      [sql`delete from job_run where formation_id = ${formationId} and job_id = ${id}`],
    );
    return removed !== undefined;
  },

  async forget(formationId, before, limit) {
    const old = sql`select id from job
      where formation_id = ${formationId} and status = 'completed' and updated_at < ${before}
      order by updated_at limit ${limit}`;
    const lockRows: Statement = { text: db.dialect.lockRows, values: [] };
    const [, , result] = await db.write([
      // None of them is planned anew meanwhile.
      sql`select count(*) from (${old} ${lockRows}) as locked`,
      sql`delete from job_run where formation_id = ${formationId} and job_id in (${old})`,
      sql`delete from job where formation_id = ${formationId} and id in (${old})`,
    ]);
    return result?.changes ?? 0;
  },

  async counts(formationId, userId, now) {
    const active = sql`select count(*) from job where formation_id = ${formationId} and status = 'active'`;
    const created = sql`select count(*) from job_creation where formation_id = ${formationId} and user_id = ${userId}`;
    const [counts] = await db.read<JobCounts>(
      sql`select
          (${active}) as "total",
          (${active} and user_id = ${userId}) as "active",
          (${created} and created_at > ${now - hour}) as "createdLastHour",
          (${created} and created_at > ${now - day}) as "createdLastDay"`,
    );
    return counts ?? { total: 0, active: 0, createdLastHour: 0, createdLastDay: 0 };
  },

  ...createJobRuns(db),
});
