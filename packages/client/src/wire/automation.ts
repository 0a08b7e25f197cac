/** Triggers, scheduler, SOPs, skills and notifications (contract/formation-api.md 4.8 to 4.10, 4.23). */

/** Which triggers there are. */
export interface TriggerList {
  formation_id: string;
  /** Their names. */
  triggers: string[];
  count: number;
}

/** A text that becomes a request once its data is filled in. */
export interface Trigger {
  name: string;
  /** Markdown, with `${{ data.a.b }}` where the data goes. */
  content: string;
  /** Dotted paths of the data that it uses. */
  data_fields: string[] | null;
}

/** What a trigger gave, or that it was taken on in the background. */
export type TriggerResult =
  | { request_id: string; status: "completed"; content: string }
  | { request_id: string; status: "processing" };

/** How jobs are scheduled. */
export interface SchedulerConfig {
  enabled: boolean;
  timezone: string;
  check_interval_minutes: number;
  max_concurrent_jobs: number;
  max_failures_before_pause: number;
  [field: string]: unknown;
}

/** A message that is said at a time or again and again. */
export interface SchedulerJob {
  id: string;
  type: string;
  /** A cron expression, or an ISO 8601 time for a job that runs once. */
  schedule: string;
  message: string;
  user_id: string;
  enabled?: boolean;
  /** ISO 8601. */
  next_run: string | null;
  last_run?: string | null;
  failure_count?: number;
  session_id?: string;
  run_at?: string;
}

/** Scheduled jobs. */
export interface SchedulerJobList {
  jobs: SchedulerJob[];
  count: number;
}

/** Whether a notification reached the user. */
export interface NotificationResult {
  delivered: boolean;
  [field: string]: unknown;
}
