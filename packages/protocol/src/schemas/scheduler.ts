import * as z from "zod";
import {
  beforeNamed,
  count,
  type Infer,
  isoTime,
  lazy,
  limit,
  named,
  namedRequest,
  next,
  orNull,
  text,
} from "../base/index.ts";

/** docs/spec/formation-api.md "Scheduled jobs". */
export const schedulerConfigSchema = named(
  "SchedulerConfig",
  "How jobs are scheduled, with what else the manifest says.",
  () =>
    z.looseObject({
      enabled: z.boolean().describe("Whether jobs can be made and run"),
      timezone: text("Time zone of schedules, an IANA name such as `Europe/Berlin`"),
      check_interval_minutes: z
        .number()
        .int()
        .describe("Longest time in minutes between two looks for due jobs"),
      max_concurrent_jobs: z.number().int().describe("Runs that may be at work at the same time"),
      max_failures_before_pause: z.number().int().describe("Failures in a row after which a job is paused"),
      default_time: text("Time of day for words that name a day and no time, `HH:MM`"),
    }),
);

export const jobStatusSchema = lazy(() => z.enum(["active", "paused", "completed"]));

export const exclusionRuleSchema = named("ExclusionRule", "Times at which a job does not run.", () =>
  z.object({
    type: z.enum(["cron", "complex_date"]).describe("How `rule` is written"),
    rule: z
      .string()
      .max(100)
      .describe(
        "For `cron` five fields, such as `0 9 25 12 *`; for `complex_date` `first_<weekday>_of_month`, " +
          "`last_<weekday>_of_month`, `nth_weekday:N:<weekday>`, `nth_day:N` or `last_day_minus:N`",
      ),
  }),
);

/** Body of `POST /scheduler/jobs`. */
export const jobRequestSchema = namedRequest("SchedulerJobRequest", "A job to schedule.", () =>
  z.object({
    type: z
      .string()
      .max(100)
      .describe("`prompt` for any schedule; `recurring` or `one_time` refuse a schedule of the other kind"),
    schedule: z
      .string()
      .trim()
      .min(1)
      .max(200)
      .describe(
        'When it runs: five fields of cron, an ISO 8601 time in the future, or words such as "every weekday at 9am"',
      ),
    message: z
      .string()
      .trim()
      .min(1)
      .max(10_000)
      .describe("What is said as the user when the job runs, at most 10,000 characters"),
    title: z
      .string()
      .trim()
      .max(200)
      .optional()
      .describe("What people call the job, at most 200 characters; empty, it has no title"),
    user_id: text(
      "User of the job; the header X-Muxi-User-ID wins. Without either the user is `0`",
    ).optional(),
    exclusion_rules: z
      .array(exclusionRuleSchema())
      .max(20)
      .default([])
      .describe("Times at which the job does not run, at most 20; absent, none"),
  }),
);

/** Body of `PUT /scheduler/jobs/{job_id}`. */
export const jobUpdateSchema = namedRequest("SchedulerJobUpdate", "What changes in a job.", () => {
  const { schedule, message, title } = jobRequestSchema().shape;
  return z.object({
    message: message.optional(),
    schedule: schedule.optional(),
    title,
  });
});

export const jobSchema = named("SchedulerJob", "A message that is said at a time, or again and again.", () =>
  z.object({
    id: text("Id of the job"),
    type: text("`prompt`, `recurring` or `one_time`, as it was asked for"),
    schedule: text("The schedule as it was written"),
    description: text("The schedule in words, with its time zone"),
    message: text("What is said when the job runs"),
    title: orNull(text("What people call the job; null when it has no title")),
    user_id: text("User as whom it is said"),
    enabled: z.boolean().describe("Whether the job runs at its next time"),
    status: jobStatusSchema().describe(
      "`paused` after too many failures in a row, `completed` when no run is left",
    ),
    next_run: orNull(isoTime("Next run; null when there is none")),
    last_run: orNull(isoTime("Last run; null before the first")),
    last_run_status: orNull(
      z
        .enum(["waiting", "success", "failed"])
        .describe("How the last run ended, or that it waits for its user; null before the first has"),
    ),
    last_run_failure_message: orNull(text("Why the last run failed; null unless it did")),
    failure_count: count("failures in a row"),
    total_runs: count("runs so far"),
    total_failures: count("runs that failed"),
    session_id: text("Session in which the job speaks"),
    run_at: isoTime("When a job that runs once does so; absent for others").optional(),
    cron_expression: orNull(text("The schedule as five fields of cron; null for a job that runs once")),
    exclusion_rules: z.array(exclusionRuleSchema()).describe("Times at which the job does not run"),
    timezone: text("Time zone of the schedule, an IANA name"),
    created_at: isoTime("When the job was made"),
    updated_at: isoTime("When the job last changed"),
  }),
);

export type Job = Infer<typeof jobSchema>;

export const jobRunSchema = named("SchedulerJobRun", "One run of a job.", () =>
  z.object({
    due: isoTime("When the run was due"),
    request_id: text("Request that the run made"),
    status: z
      .enum(["running", "waiting", "success", "failed"])
      .describe("How the run stands; `waiting` for an answer of its user"),
    late: z.boolean().describe("Whether the run was missed and made up for"),
    started_at: isoTime("When the run began"),
    ended_at: orNull(isoTime("When the run ended; null before")),
    error: orNull(text("Why the run failed; null unless it did")),
  }),
);

export const jobWithRunsSchema = named("SchedulerJobWithRuns", "A job with its latest runs.", () =>
  jobSchema().extend({
    runs: z.array(jobRunSchema()).describe("The latest 20 runs, newest first"),
  }),
);

export const jobListQuerySchema = lazy(() =>
  z.object({
    user_id: z
      .string()
      .trim()
      .min(1)
      .max(256)
      .optional()
      .describe("Only jobs of this user; for the admin key without a user header"),
    status: jobStatusSchema().optional().describe("Only jobs of this status"),
    limit: limit("Jobs to return", 10_000, 1_000),
    before: beforeNamed(),
  }),
);

export const jobListSchema = named("SchedulerJobList", "Scheduled jobs.", () =>
  z.object({
    jobs: z.array(jobSchema()).describe("The jobs that fit, newest first"),
    count: count("jobs in this answer"),
    next: next(),
  }),
);

export const jobDeletedSchema = lazy(() => z.object({ message: text("What was done, in words") }));
