import { CronError, parseCron } from "@muxi/formation";
import { newId } from "@muxi/protocol";
import type { Logger } from "pino";
import { createWorker, userLimits } from "../base/index.ts";
import type { DueJob, JobRepository, Statement } from "../store/index.ts";
import { exclusionsSchema, nextAllowed } from "./schedule/index.ts";

/** The message that a job sends when it runs. */
export interface JobTurn {
  requestId: string;
  userId: string;
  message: string;
  sessionId: string;
  kind: "job";
}

export interface SchedulerDeps {
  formationId: string;
  jobs: JobRepository;
  settings: { checkInterval: number; maxConcurrentJobs: number };
  /** Statements that accept a turn, for the transaction that claims the job. */
  accept: (turn: JobTurn) => Statement[];
  /** Called once a turn is accepted. */
  onAccepted: () => void;
  /** Records that a run ended without an answer. */
  fail: (requestId: string, error: string) => Promise<void>;
  now: () => number;
  log: Logger;
}

/** Starts jobs when they are due (docs/spec/formation-files.md "Running jobs"). */
export interface Scheduler {
  /** Looks for due jobs now, since one was created or a run has ended. */
  wake(): void;
  /** Starts no further job. */
  close(): Promise<void>;
}

/** How late a one-time job that was missed is still run, in milliseconds. */
const makeUpWithin = 24 * 3_600_000;
const batch = 100;
const pauseAfterFailure = 1_000;
/** What the clock must have been set back by, in milliseconds: less is how it is kept right. */
const leastSetBack = 1_000;

const nextRunOf = (job: DueJob, after: number): number | null => {
  if (job.cron === null) return null;
  const schedule = {
    cron: parseCron(job.cron),
    exclusions: exclusionsSchema().parse(JSON.parse(job.exclusions)),
  };
  return nextAllowed(schedule, job.timezone, after) ?? null;
};

/** The session of a job: all of its runs share one. */
export const sessionOfJob = (jobId: string): string => jobId.replace(/^job_/, "sess_");

/** Looks for due jobs at once, then whenever one is due, and at least every `checkInterval`. */
export const startScheduler = (deps: SchedulerDeps): Scheduler => {
  const { formationId, jobs, now, log } = deps;
  const { checkInterval } = deps.settings;
  const limits = { total: deps.settings.maxConcurrentJobs, perUser: userLimits.runningJobs.most };

  /**
   * When a job runs next. An earlier version may have stored a schedule that this one refuses: such a job is paused,
   * and undefined comes back.
   */
  const nextOrPaused = async (
    job: DueJob,
    after: number,
    time: number,
  ): Promise<number | null | undefined> => {
    try {
      return nextRunOf(job, after);
    } catch (error) {
      const why = error instanceof CronError ? `: ${error.message}` : "";
      log.warn({ err: error, job: job.id }, "a job whose schedule cannot be read was paused");
      const reason = `The schedule '${job.cron}' is not valid any more${why}. Send a new one and resume the job.`;
      await jobs.pause(formationId, job, reason, time);
      return undefined;
    }
  };

  /** Skips the runs that were missed while no scheduler ran, except one-time jobs that are less than a day late. */
  const passMissed = async (time: number) => {
    const seen = await jobs.lastHeartbeat(formationId);
    // After the clock was set back, the last heartbeat lies in the future: that must not stop anything.
    if (seen !== undefined && Math.abs(time - seen) < checkInterval / 2) return;
    const until = time - checkInterval;
    const window = { after: seen ?? until, until, onceBefore: time - makeUpWithin };
    for (;;) {
      const missed = await jobs.missed(formationId, window, batch);
      if (missed.length === 0) break;
      for (const job of missed) {
        const next = await nextOrPaused(job, until, time);
        if (next !== undefined) await jobs.skip(formationId, job, next, time);
      }
    }
    for (const { requestId, error } of await jobs.leftOver(formationId)) {
      await deps.fail(requestId, error ?? "The run was stopped");
    }
    await jobs.heartbeat(formationId, time);
  };

  /** Computes anew when recurring jobs run next. A time that has had its run gets no second one. */
  const computeAnew = async (time: number) => {
    let lastId = "";
    for (;;) {
      const recurring = await jobs.recurringAfter(formationId, time, lastId, batch);
      for (const job of recurring) {
        const ran = await jobs.ranAfter(formationId, job.id, time);
        let next = await nextOrPaused(job, time, time);
        while (next && ran.has(next)) next = nextRunOf(job, next);
        if (next && next < job.nextRun) await jobs.skip(formationId, job, next, time);
        lastId = job.id;
      }
      if (recurring.length < batch) return;
    }
  };

  /** What the clock showed at the last look, and when that was on one that nobody sets. */
  let lastLook: { time: number; at: number } | undefined;

  /** After the clock was set back, jobs would wait for a time that may be years ahead. */
  const followClock = async (time: number) => {
    const at = performance.now();
    const expected = lastLook
      ? lastLook.time + at - lastLook.at
      : ((await jobs.lastHeartbeat(formationId)) ?? time);
    if (expected - time > leastSetBack) await computeAnew(time);
    lastLook = { time, at };
  };

  const start = async (job: DueJob, time: number): Promise<boolean> => {
    const nextRun = await nextOrPaused(job, time, time);
    if (nextRun === undefined) return false;
    const requestId = newId("request");
    const turn: JobTurn = {
      requestId,
      userId: job.userId,
      message: job.message,
      sessionId: sessionOfJob(job.id),
      kind: "job",
    };
    const started = await jobs.claim(
      {
        formationId,
        job,
        requestId,
        nextRun,
        late: job.cron === null && time - job.nextRun > checkInterval,
        now: time,
        limits,
      },
      deps.accept(turn),
    );
    if (started) deps.onAccepted();
    return started;
  };

  const startDue = async (time: number) => {
    for (;;) {
      const due = await jobs.due(formationId, time, limits);
      const started = await Promise.all(due.map((job) => start(job, time)));
      if (!started.includes(true)) return;
    }
  };

  const look = async (): Promise<number | undefined> => {
    const time = now();
    await followClock(time);
    await passMissed(time);
    await startDue(time);
    const next = await jobs.nextDue(formationId, time);
    return next === undefined ? undefined : Math.max(0, next - now());
  };

  const worker = createWorker({
    what: "looking for due jobs",
    look,
    every: checkInterval,
    pauseAfterFailure: Math.min(checkInterval, pauseAfterFailure),
    log,
  });
  worker.wake();
  return worker;
};
