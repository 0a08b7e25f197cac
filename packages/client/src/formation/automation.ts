import type {
  Confirmation,
  ExclusionRule,
  NotificationResult,
  SchedulerConfig,
  SchedulerJob,
  SchedulerJobList,
  SchedulerJobWithRuns,
  Skill,
  SkillList,
  Sop,
  SopList,
  Trigger,
  TriggerList,
  TriggerResult,
} from "@muxi/protocol/types";
import { path, requireText } from "../http/arguments.ts";
import type { CallOptions } from "../http/send.ts";
import type { Result } from "../http/unwrap.ts";
import type { ForUser } from "./caller.ts";
import { Memories } from "./memories.ts";

/**
 * Triggers, scheduled jobs, SOPs, skills and notifications (docs/spec/formation-api.md "Scheduled jobs",
 * "Triggers", "Procedures and skills" and "Calls of other servers").
 */
export class Automation extends Memories {
  /** Names of the triggers. */
  async getTriggers(options?: CallOptions): Promise<Result<TriggerList>> {
    return this.call({ path: "/triggers", key: "client" }, options);
  }

  /** One trigger, and the data that it uses. */
  async getTrigger({ name }: { name: string }, options?: CallOptions): Promise<Result<Trigger>> {
    return this.call({ path: path`/triggers/${{ name }}`, key: "client" }, options);
  }

  /**
   * Lets a trigger act on data.
   *
   * `asyncMode`: do not wait for the result, follow it with `getRequest`. Default false.
   * @example
   * const result = await formation.fireTrigger({ name: "new-order", data: { order: { id: 7 } }, userId: "user_123" });
   * if (result.status === "completed") console.log(result.content);
   */
  async fireTrigger(
    {
      name,
      data,
      asyncMode = false,
      sessionId,
      userId,
    }: ForUser & {
      name: string;
      data: Record<string, unknown>;
      asyncMode?: boolean | undefined;
      sessionId?: string | undefined;
    },
    options?: CallOptions,
  ): Promise<Result<TriggerResult>> {
    const spec = {
      path: path`/triggers/${{ name }}`,
      key: "client",
      user: "optional",
      repeatable: true,
    } as const;
    // Always said, because the server's default is the other one.
    const json = { data, session_id: sessionId, use_async: asyncMode };
    return this.call({ ...spec, method: "POST", userId, json }, options);
  }

  /** How jobs are scheduled. Needs the admin key. */
  async getSchedulerConfig(options?: CallOptions): Promise<Result<SchedulerConfig>> {
    return this.call({ path: "/scheduler", key: "admin" }, options);
  }

  /**
   * The user's jobs; with the admin key and no user, everyone's.
   *
   * @example
   * const { jobs } = await formation.getSchedulerJobs({ userId: "user_123" });
   */
  async getSchedulerJobs({ userId }: ForUser = {}, options?: CallOptions): Promise<Result<SchedulerJobList>> {
    return this.call({ path: "/scheduler/jobs", key: "either", user: "filter", userId }, options);
  }

  /**
   * Has a message said at a time or again and again. Needs the admin key.
   *
   * `schedule`: a cron expression, or an ISO 8601 time in the future.
   * @example
   * await formation.createSchedulerJob({
   *   jobType: "prompt",
   *   schedule: "0 9 * * *",
   *   message: "Summarise my day",
   *   userId: "user_123",
   * });
   */
  async createSchedulerJob(
    {
      jobType,
      schedule,
      message,
      exclusionRules,
      userId,
    }: ForUser & {
      /** `prompt` lets the server tell by the schedule which of the other two it is. */
      jobType: "prompt" | "recurring" | "one_time";
      schedule: string;
      message: string;
      /** Times at which the job does not run; at most 20. */
      exclusionRules?: readonly ExclusionRule[] | undefined;
    },
    options?: CallOptions,
  ): Promise<Result<SchedulerJob>> {
    const spec = { path: "/scheduler/jobs", key: "admin", user: "optional", repeatable: true } as const;
    const json = {
      type: requireText("jobType", jobType),
      schedule: requireText("schedule", schedule),
      message: requireText("message", message),
      exclusion_rules: exclusionRules,
      user_id: userId ?? this.userId,
    };
    return this.call({ ...spec, method: "POST", userId, json }, options);
  }

  /** One job with its latest runs. Needs the admin key. */
  async getSchedulerJob(
    { jobId }: { jobId: string },
    options?: CallOptions,
  ): Promise<Result<SchedulerJobWithRuns>> {
    return this.call({ path: path`/scheduler/jobs/${{ jobId }}`, key: "admin" }, options);
  }

  /**
   * Removes a job. Needs the admin key.
   *
   * @example
   * await formation.deleteSchedulerJob({ jobId: job.id });
   */
  async deleteSchedulerJob(
    { jobId }: { jobId: string },
    options?: CallOptions,
  ): Promise<Result<Confirmation>> {
    return this.call({ method: "DELETE", path: path`/scheduler/jobs/${{ jobId }}`, key: "admin" }, options);
  }

  /** The standard operating procedures that the formation knows. */
  async getSops(options?: CallOptions): Promise<Result<SopList>> {
    return this.call({ path: "/sops", key: "client" }, options);
  }

  /** One of them, with its text. */
  async getSop({ name }: { name: string }, options?: CallOptions): Promise<Result<Sop>> {
    return this.call({ path: path`/sops/${{ name }}`, key: "client" }, options);
  }

  /** The skills of the formation, or those of one agent. */
  async getSkills(
    { agentId }: { agentId?: string | undefined } = {},
    options?: CallOptions,
  ): Promise<Result<SkillList>> {
    const below = agentId === undefined ? "/skills" : path`/agents/${{ agentId }}/skills`;
    return this.call({ path: below, key: "client" }, options);
  }

  /** One skill. */
  async getSkill({ name }: { name: string }, options?: CallOptions): Promise<Result<Skill>> {
    return this.call({ path: path`/skills/${{ name }}`, key: "client" }, options);
  }

  /** Sends the user a message over their channels. Throws when none of them takes it. */
  async sendNotification(
    { userId, message, channels }: ForUser & { message: string; channels?: string[] | undefined },
    options?: CallOptions,
  ): Promise<Result<NotificationResult>> {
    const json = {
      user_id: requireText("userId", userId ?? this.userId),
      message: requireText("message", message),
      channels,
    };
    return this.call({ method: "POST", path: "/notifications", key: "client", json }, options);
  }
}
