import type {
  Confirmation,
  ExclusionRule,
  SchedulerConfig,
  SchedulerJob,
  SchedulerJobList,
  SchedulerJobWithRuns,
} from "@muxi/protocol/types";
import type { CallOptions, Pages, Result } from "../../http/index.ts";
import { access, bareEndpoint, endpoint, type ForUser, pagedEndpoint, pagesOf } from "../index.ts";

/** A message to be said as a user, at one moment or again and again. */
export interface NewSchedulerJob extends ForUser {
  /** `prompt` takes any schedule; the other two insist on that form. */
  jobType: "prompt" | "recurring" | "one_time";
  /** A cron expression, an ISO 8601 time in the future, or words such as `every weekday at 9am`. */
  schedule: string;

  /** What is said when the job runs; at most 10,000 characters. */
  message: string;
  /** Moments at which the job does not run; at most 20 rules. */
  exclusionRules?: readonly ExclusionRule[] | undefined;
  /** What people call the job; at most 200 characters. Default: none. */
  title?: string | undefined;
}

/** The jobs of users. */
export interface SchedulerJobMethods {
  /**
   * Lists the user's jobs, newest first; with the admin key and no user, everyone's. Awaited, one page; iterated, all.
   *
   * @example
   * const { jobs } = await formation.getSchedulerJobs({ userId: "user_123" });
   */
  list(
    args?: ForUser & {
      /** Only jobs of this status. */
      status?: "active" | "paused" | "completed" | undefined;

      /** Size of a page, 1 to 10,000. Default 1000; in an iteration 100. */
      limit?: number | undefined;

      /** Only jobs after those of an earlier answer: its `next`. */
      before?: string | undefined;
    },
    options?: CallOptions,
  ): Pages<Result<SchedulerJobList>, SchedulerJob>;

  /**
   * Schedules a message. Needs the admin key.
   *
   * @example
   * await formation.createSchedulerJob({
   *   jobType: "prompt",
   *   schedule: "0 9 * * *",
   *   message: "Summarise my day",
   *   userId: "user_123",
   * });
   */
  create(job: NewSchedulerJob, options?: CallOptions): Promise<Result<SchedulerJob>>;

  /** Reads one job with its latest runs. Needs the admin key. */
  get(
    args: {
      /** Id of the job. */
      jobId: string;
    },
    options?: CallOptions,
  ): Promise<Result<SchedulerJobWithRuns>>;

  /** Changes the message, the schedule or the title of a job that is not completed. Needs the admin key. */
  update(
    args: {
      /** Id of the job. */
      jobId: string;
      /** What is said when the job runs; at most 10,000 characters. Default: as it is. */
      message?: string | undefined;
      /** A cron expression, an ISO 8601 time in the future, or words. Default: as it is. */
      schedule?: string | undefined;
      /** What people call the job; at most 200 characters. An empty one takes it away. Default: as it is. */
      title?: string | undefined;
    },
    options?: CallOptions,
  ): Promise<Result<SchedulerJob>>;

  /** Lets an active job rest. Throws `ConflictError` when it is not active. Needs the admin key. */
  pause(
    args: {
      /** Id of the job. */
      jobId: string;
    },
    options?: CallOptions,
  ): Promise<Result<SchedulerJob>>;

  /** Lets a paused job run again. Throws `ConflictError` when it is not paused. Needs the admin key. */
  resume(
    args: {
      /** Id of the job. */
      jobId: string;
    },
    options?: CallOptions,
  ): Promise<Result<SchedulerJob>>;

  /**
   * Deletes a job. Needs the admin key.
   *
   * @example
   * await formation.deleteSchedulerJob({ jobId: job.id });
   */
  delete(
    args: {
      /** Id of the job. */
      jobId: string;
    },
    options?: CallOptions,
  ): Promise<Result<Confirmation>>;
}

/** Messages that are said on a schedule (docs/spec/formation-api.md "Scheduled jobs"). */
export interface SchedulerMethods {
  /** Reads how jobs are scheduled. Needs the admin key. */
  config(options?: CallOptions): Promise<Result<SchedulerConfig>>;

  /** The jobs of users. */
  readonly jobs: SchedulerJobMethods;
}

export const createScheduler = (): SchedulerMethods => ({
  config: bareEndpoint("getSchedulerConfig", "GET", "/scheduler", access.admin),
  jobs: {
    list: pagedEndpoint(
      "getSchedulerJobs",
      "/scheduler/jobs",
      access.filter,
      { status: true, limit: true, before: true },
      pagesOf(({ jobs }: SchedulerJobList) => jobs),
    ),
    create: endpoint(
      "createSchedulerJob",
      "POST",
      "/scheduler/jobs",
      { ...access.admin, user: "optional", repeatable: true },
      {
        jobType: "type",
        schedule: true,
        message: true,
        exclusionRules: true,
        title: true,
        userId: true,
      },
      { required: ["jobType", "schedule", "message"] },
    ),
    get: endpoint("getSchedulerJob", "GET", "/scheduler/jobs/{jobId}", access.admin, {}),
    update: endpoint("updateSchedulerJob", "PUT", "/scheduler/jobs/{jobId}", access.admin, {
      message: true,
      schedule: true,
      title: true,
    }),
    pause: endpoint("pauseSchedulerJob", "POST", "/scheduler/jobs/{jobId}/pause", access.admin, {}),
    resume: endpoint("resumeSchedulerJob", "POST", "/scheduler/jobs/{jobId}/resume", access.admin, {}),
    delete: endpoint("deleteSchedulerJob", "DELETE", "/scheduler/jobs/{jobId}", access.admin, {}),
  },
});
