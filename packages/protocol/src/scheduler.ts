import * as z from "zod";
import { type Infer, lazy, named, namedRequest } from "./lazy.ts";

const isoTime = z.string().describe("ISO 8601, UTC");

export const schedulerConfigSchema = named("SchedulerConfig", () =>
  z.looseObject({
    enabled: z.boolean(),
    timezone: z.string().describe("IANA name"),
    check_interval_minutes: z.number().int(),
    max_concurrent_jobs: z.number().int(),
    max_failures_before_pause: z.number().int(),
    default_time: z.string().describe("HH:MM, for words that name a day and no time"),
  }),
);

export const jobStatusSchema = lazy(() => z.enum(["active", "paused", "completed"]));

const exclusionRuleSchema = named("ExclusionRule", () =>
  z.object({ type: z.enum(["cron", "complex_date"]), rule: z.string().max(100) }),
);

/** Body of `POST /scheduler/jobs`. */
export const jobRequestSchema = namedRequest("SchedulerJobRequest", () =>
  z.object({
    type: z.string().max(100).describe("`prompt`, or `recurring` or `one_time` to insist on one of them"),
    schedule: z
      .string()
      .trim()
      .min(1)
      .max(200)
      .describe('Five fields of cron, an ISO 8601 time, or words such as "every weekday at 9am"'),
    message: z.string().trim().min(1).max(10_000).describe("What is said when the job runs"),
    user_id: z.string().optional().describe("Like the header X-Muxi-User-ID, which wins"),
    exclusion_rules: z.array(exclusionRuleSchema()).max(20).default([]).describe("When it does not run"),
  }),
);

export const jobSchema = named("SchedulerJob", () =>
  z.object({
    id: z.string(),
    type: z.string(),
    schedule: z.string().describe("As it was written"),
    description: z.string().describe("The schedule in words, with its zone"),
    message: z.string(),
    user_id: z.string(),
    enabled: z.boolean(),
    status: jobStatusSchema(),
    next_run: isoTime.nullable(),
    last_run: isoTime.nullable(),
    last_run_status: z.enum(["success", "failed"]).nullable(),
    last_run_failure_message: z.string().nullable(),
    failure_count: z.number().int().describe("Failures in a row"),
    total_runs: z.number().int(),
    total_failures: z.number().int(),
    session_id: z.string().describe("The session in which it speaks"),
    run_at: isoTime.optional().describe("Of a job that runs once"),
    cron_expression: z.string().nullable(),
    exclusion_rules: z.array(exclusionRuleSchema()),
    timezone: z.string(),
    created_at: isoTime,
    updated_at: isoTime,
  }),
);

export type Job = Infer<typeof jobSchema>;

export const jobWithRunsSchema = named("SchedulerJobWithRuns", () =>
  jobSchema().extend({
    runs: z
      .array(
        z.object({
          due: isoTime,
          request_id: z.string(),
          status: z.enum(["running", "success", "failed"]),
          late: z.boolean().describe("It was missed and made up for"),
          started_at: isoTime,
          ended_at: isoTime.nullable(),
          error: z.string().nullable(),
        }),
      )
      .describe("The latest, newest first"),
  }),
);

export const jobListQuerySchema = lazy(() =>
  z.object({
    user_id: z.string().trim().min(1).max(256).optional().describe("Jobs of this user; for the admin"),
    status: jobStatusSchema().optional(),
    limit: z.coerce.number().int().min(1).max(10_000).default(1_000),
  }),
);

export const jobListSchema = named("SchedulerJobList", () =>
  z.object({ jobs: z.array(jobSchema()).describe("Newest first"), count: z.number().int() }),
);

export const jobDeletedSchema = lazy(() => z.object({ message: z.string() }));
