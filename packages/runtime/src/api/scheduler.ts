import { ApiError, type Job, schedulerConfigSchema } from "@muxi/protocol";
import * as z from "zod";
import {
  exclusionSchema,
  exclusionsSchema,
  type JobBook,
  jobTypes,
  sessionOfJob,
} from "../background/index.ts";
import { isoTime } from "../base/index.ts";
import type { StoredJob } from "../store/index.ts";
import type { Endpoints } from "./endpoint.ts";
import { idempotencyOf } from "./idempotency.ts";
import { readPart } from "./list-page.ts";

interface SchedulerDeps {
  /** `scheduler` of the manifest. */
  settings: Record<string, unknown> & { enabled: boolean };
  hasPersistentMemory: boolean;
  book: JobBook;
}

const isoOrNull = (time: number | null) => (time === null ? null : isoTime(time));

const jobTypeSchema = z.enum(jobTypes);

const inWords = async ({ cron, runAt, nextRun, timezone }: StoredJob): Promise<string> => {
  if (cron === null) return `Once at ${isoTime(runAt ?? nextRun ?? 0)}`;
  const { default: cronstrue } = await import("cronstrue");
  const words = cronstrue.toString(cron, { use24HourTimeFormat: true, throwExceptionOnParseError: false });
  return `${words} (${timezone})`;
};

const wireJob = async (job: StoredJob): Promise<Job> => ({
  id: job.id,
  type: job.type,
  schedule: job.schedule,
  description: await inWords(job),
  message: job.message,
  title: job.title,
  user_id: job.userId,
  enabled: job.status === "active",
  status: job.status,
  next_run: isoOrNull(job.nextRun),
  last_run: isoOrNull(job.lastRun),
  last_run_status: job.lastRunStatus,
  last_run_failure_message: job.lastRunError,
  failure_count: job.failuresInRow,
  total_runs: job.totalRuns,
  total_failures: job.totalFailures,
  session_id: sessionOfJob(job.id),
  ...(job.runAt !== null && { run_at: isoTime(job.runAt) }),
  cron_expression: job.cron,
  exclusion_rules: exclusionsSchema().parse(JSON.parse(job.exclusions)),
  timezone: job.timezone,
  created_at: isoTime(job.createdAt),
  updated_at: isoTime(job.updatedAt),
});

/** The endpoints of docs/spec/formation-api.md "Scheduled jobs". */
export const schedulerEndpoints = ({ settings, hasPersistentMemory, book }: SchedulerDeps) => {
  const checkEnabled = () => {
    if (settings.enabled) return;
    throw new ApiError("SERVICE_UNAVAILABLE", "The scheduler is off: set scheduler.enabled: true");
  };

  return {
    async getSchedulerConfig() {
      return schedulerConfigSchema().parse(settings);
    },

    async getSchedulerJobs({ query, userId }) {
      const { status } = query;
      const { rows, next } = await readPart(
        query,
        async (page) => (settings.enabled ? book.list({ ...page, userId, status }) : []),
        ({ createdAt: at, id: name }) => ({ at, name }),
      );
      return { jobs: await Promise.all(rows.map(wireJob)), count: rows.length, next };
    },

    async createSchedulerJob({ body, userId, request }) {
      if (!hasPersistentMemory) {
        throw new ApiError(
          "UNPROCESSABLE_ENTITY",
          "Jobs need persistent memory, where they are kept: set memory.persistent.enabled: true",
        );
      }
      checkEnabled();
      const type = jobTypeSchema.safeParse(body.type);
      if (!type.success) {
        throw new ApiError(
          "VALIDATION_ERROR",
          `There is no job type '${body.type}': use ${jobTypes.join(", ")}`,
        );
      }
      const exclusions = body.exclusion_rules.map((rule, index) => {
        const read = exclusionSchema().safeParse(rule);
        if (read.success) return read.data;
        const message = `exclusion_rules.${index}: '${rule.rule}' ${read.error.issues[0]?.message}`;
        throw new ApiError("INVALID_PARAMS", message);
      });
      const { schedule, message, title } = body;
      const idempotency = idempotencyOf(request);
      return wireJob(
        await book.add({ userId, type: type.data, schedule, message, title, exclusions, idempotency }),
      );
    },

    async getSchedulerJob({ params: { job_id } }) {
      checkEnabled();
      const job = await book.get(job_id);
      const runs = await book.runs(job_id);
      return {
        ...(await wireJob(job)),
        runs: runs.map(({ due, requestId, status, late, startedAt, endedAt, error }) => ({
          due: isoTime(due),
          request_id: requestId,
          status,
          late: late === 1,
          started_at: isoTime(startedAt),
          ended_at: isoOrNull(endedAt),
          error,
        })),
      };
    },

    async updateSchedulerJob({ params: { job_id }, body }) {
      checkEnabled();
      return wireJob(await book.update(job_id, body));
    },

    async pauseSchedulerJob({ params: { job_id } }) {
      checkEnabled();
      return wireJob(await book.pause(job_id));
    },

    async resumeSchedulerJob({ params: { job_id } }) {
      checkEnabled();
      return wireJob(await book.resume(job_id));
    },

    async deleteSchedulerJob({ params: { job_id } }) {
      checkEnabled();
      await book.remove(job_id);
      return { message: `Job '${job_id}' deleted` };
    },
  } satisfies Partial<Endpoints>;
};
