import type { Database } from "./database/index.ts";
import { type Statement, sql } from "./database/index.ts";
import { columns, type StoredJob } from "./job-rows.ts";

/** A job with a next run. */
export type DueJob = StoredJob & { nextRun: number };

export interface StoredJobRun {
  /** The scheduled time that it ran for. */
  due: number;
  requestId: string;
  status: "running" | "waiting" | "success" | "failed";
  /** 1 when it was missed and run later. */
  late: number;
  startedAt: number;
  endedAt: number | null;
  error: string | null;
}

/** The request of a run. */
export interface RunRequest {
  formationId: string;
  requestId: string;
}

/** How the request of a run ended. */
export interface RunEnding extends RunRequest {
  /** Why the run failed; null when it succeeded. */
  error: string | null;
  now: number;
}

export interface JobClaim {
  formationId: string;
  job: DueJob;
  requestId: string;
  /** When the job runs next; null for never. */
  nextRun: number | null;
  late: boolean;
  now: number;
  /** Maximum number of concurrent runs, in total and per user. */
  limits: { total: number; perUser: number };
}

/** The runs of scheduled jobs. */
export interface JobRuns {
  /** Jobs that are due, the longest waiting first, as many as the limits leave room for. */
  due(formationId: string, now: number, limits: JobClaim["limits"]): Promise<DueJob[]>;
  /** When the next job is due after a time. */
  nextDue(formationId: string, after: number): Promise<number | undefined>;
  /**
   * Claims a due job for one run.
   *
   * @param also What starts the run, written in the same transaction.
   * @returns False when another process has claimed it, or a limit is reached.
   */
  claim(claim: JobClaim, also: readonly Statement[]): Promise<boolean>;
  /** Statements that record how a run ended, and pause a job that has failed `mostFailures` times in a row. */
  ended(ending: RunEnding, mostFailures: number): Statement[];
  /** Statements that record that a run waits for its user: it holds up no other one. */
  waits(request: RunRequest, now: number): Statement[];
  /**
   * Runs without an end whose request has one, because it was stopped before it began, or because nobody has answered in
   * time.
   */
  leftOver(formationId: string): Promise<{ requestId: string; error: string | null }[]>;
  /** The latest runs of a job. */
  runs(formationId: string, jobId: string, limit: number): Promise<StoredJobRun[]>;
  /** When a scheduler was last active. */
  lastHeartbeat(formationId: string): Promise<number | undefined>;
  heartbeat(formationId: string, now: number): Promise<void>;
  /**
   * Active jobs whose scheduled time passed while no scheduler was active: recurring ones in the window (`after` not
   * included), and those that run once before `onceBefore`.
   */
  missed(
    formationId: string,
    window: { after: number; until: number; onceBefore: number },
    limit: number,
  ): Promise<DueJob[]>;
  /** Active recurring jobs whose next run is later than a time, by id, after the one of `afterId`. */
  recurringAfter(formationId: string, time: number, afterId: string, limit: number): Promise<DueJob[]>;
  /** Which times of a job after a moment have had their run. */
  ranAfter(formationId: string, jobId: string, time: number): Promise<ReadonlySet<number>>;
  /** Skips a scheduled time; a job that runs once is then completed. */
  skip(formationId: string, job: DueJob, nextRun: number | null, now: number): Promise<void>;
  /** Pauses a job that cannot be run at all. */
  pause(formationId: string, job: DueJob, reason: string, now: number): Promise<void>;
}

/** Runs kept in the history of a job besides the latest. */
const keptRuns = 50;
/** Characters of an error that a run keeps (docs/spec/formation-files.md "Running jobs"). */
const longestError = 1_000;

const missed = "Missed: the formation was not running at that time";

const unendedRun = ({ formationId, requestId }: RunRequest): Statement =>
  sql`formation_id = ${formationId} and request_id = ${requestId} and status in ('running', 'waiting')`;

export const createJobRuns = (db: Database): JobRuns => ({
  due: (formationId, now, limits) => {
    const atWork = sql`select count(*) from job_run where formation_id = ${formationId} and status = 'running'`;
    return db.read(
      sql`select ${columns} from job
        where formation_id = ${formationId} and next_run <= ${now} and status = 'active'
          and user_id not in (select user_id from job_run
            where formation_id = ${formationId} and status = 'running'
            group by user_id having count(*) >= ${limits.perUser})
          and not exists (select 1 from job_run
            where job_run.formation_id = job.formation_id and job_run.job_id = job.id and job_run.status = 'running')
        order by next_run
        limit (select case when (${atWork}) < ${limits.total} then ${limits.total} - (${atWork}) else 0 end)`,
    );
  },

  async nextDue(formationId, after) {
    const [row] = await db.read<{ next: number | null }>(
      sql`select min(next_run) as next from job where formation_id = ${formationId} and next_run > ${after}`,
    );
    return row?.next ?? undefined;
  },

  async claim({ formationId, job, requestId, nextRun, late, now, limits }, also) {
    const atWork = sql`select count(*) from job_run where formation_id = ${formationId} and status = 'running'`;
    const claimed = await db.writeIfAlone(
      sql`update job set next_run = ${nextRun}, last_run = ${now}
        where formation_id = ${formationId} and id = ${job.id} and next_run = ${job.nextRun} and status = 'active'
          and (${atWork}) < ${limits.total} and (${atWork} and user_id = ${job.userId}) < ${limits.perUser}`,
      [
        sql`insert into job_run (formation_id, job_id, due, user_id, request_id, status, late, started_at)
          values (${formationId}, ${job.id}, ${job.nextRun}, ${job.userId}, ${requestId}, 'running',
            ${late ? 1 : 0}, ${now})`,
        sql`delete from job_run where formation_id = ${formationId} and job_id = ${job.id} and status not in ('running', 'waiting')
            and due < (select due from job_run where formation_id = ${formationId} and job_id = ${job.id}
              order by due desc limit 1 offset ${keptRuns})`,
        ...also,
      ],
    );
    return claimed !== undefined;
  },

  ended({ formationId, requestId, error: reason, now }, mostFailures) {
    const run = unendedRun({ formationId, requestId });
    const jobOfRun = sql`formation_id = ${formationId} and id = (select job_id from job_run where ${run})`;
    if (reason === null) {
      return [
        sql`update job set total_runs = total_runs + 1, failures_in_row = 0, last_run_status = 'success',
            last_run_error = null, status = case when cron is null then 'completed' else status end,
            updated_at = ${now}
          where ${jobOfRun}`,
        sql`update job_run set status = 'success', ended_at = ${now} where ${run}`,
      ];
    }
    const error = reason.slice(0, longestError);
    const isLast = sql`failures_in_row + 1 >= ${mostFailures}`;
    return [
      sql`update job set total_runs = total_runs + 1, total_failures = total_failures + 1,
          failures_in_row = failures_in_row + 1, last_run_status = 'failed', last_run_error = ${error},
          status = case when cron is null then 'completed' when ${isLast} then 'paused' else status end,
          next_run = case when ${isLast} then null else next_run end, updated_at = ${now}
        where ${jobOfRun}`,
      sql`update job_run set status = 'failed', error = ${error}, ended_at = ${now} where ${run}`,
    ];
  },

  waits({ formationId, requestId }, now) {
    const run = unendedRun({ formationId, requestId });
    return [
      sql`update job set last_run_status = 'waiting', last_run_error = null,
          status = case when cron is null then 'completed' else status end, updated_at = ${now}
        where formation_id = ${formationId} and id = (select job_id from job_run where ${run})`,
      sql`update job_run set status = 'waiting' where ${run}`,
    ];
  },

  leftOver: (formationId) =>
    db.read(
      sql`select request.id as "requestId", request.error from job_run
        join request on request.formation_id = job_run.formation_id and request.id = job_run.request_id
        where job_run.formation_id = ${formationId} and job_run.status = 'running'
          and request.completed_at is not null
        union all
        select job_run.request_id, request.error from job_run
        left join request on request.formation_id = job_run.formation_id and request.id = job_run.request_id
        where job_run.formation_id = ${formationId} and job_run.status = 'waiting'
          and (request.id is null or request.completed_at is not null)`,
    ),

  runs: (formationId, jobId, limit) =>
    db.read(
      sql`select due, request_id as "requestId", status, late, started_at as "startedAt", ended_at as "endedAt", error
        from job_run where formation_id = ${formationId} and job_id = ${jobId} order by due desc limit ${limit}`,
    ),

  async lastHeartbeat(formationId) {
    const [row] = await db.read<{ seenAt: number }>(
      sql`select seen_at as "seenAt" from scheduler_pulse where formation_id = ${formationId}`,
    );
    return row?.seenAt;
  },

  async heartbeat(formationId, now) {
    await db.write([
      sql`insert into scheduler_pulse (formation_id, seen_at) values (${formationId}, ${now})
        on conflict (formation_id) do update set seen_at = excluded.seen_at`,
    ]);
  },

  missed: (formationId, { after, until, onceBefore }, limit) =>
    db.read(
      sql`select ${columns} from job
        where formation_id = ${formationId} and status = 'active' and next_run > ${after} and next_run <= ${until}
          and (cron is not null or next_run < ${onceBefore})
        order by next_run limit ${limit}`,
    ),

  recurringAfter: (formationId, time, afterId, limit) =>
    db.read(
      sql`select ${columns} from job
        where formation_id = ${formationId} and status = 'active' and cron is not null and next_run > ${time}
          and id > ${afterId}
        order by id limit ${limit}`,
    ),

  async ranAfter(formationId, jobId, time) {
    const rows = await db.read<{ due: number }>(
      sql`select due from job_run where formation_id = ${formationId} and job_id = ${jobId} and due > ${time}`,
    );
    return new Set(rows.map(({ due }) => due));
  },

  async skip(formationId, job, nextRun, now) {
    const same = sql`formation_id = ${formationId} and id = ${job.id} and next_run = ${job.nextRun}`;
    await db.write([
      nextRun === null
        ? sql`update job set next_run = null, status = 'completed', last_run_status = 'failed',
              last_run_error = ${missed}, updated_at = ${now}
            where ${same}`
        : sql`update job set next_run = ${nextRun}, updated_at = ${now} where ${same}`,
    ]);
  },

  async pause(formationId, job, reason, now) {
    await db.write([
      sql`update job set next_run = null, status = 'paused', last_run_status = 'failed',
          last_run_error = ${reason.slice(0, longestError)}, updated_at = ${now}
        where formation_id = ${formationId} and id = ${job.id} and next_run = ${job.nextRun}`,
    ]);
  },
});
