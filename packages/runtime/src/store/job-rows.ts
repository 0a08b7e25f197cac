import { sql } from "./database/index.ts";
import type { Idempotency } from "./request-rows.ts";

export const jobStatuses = ["active", "paused", "completed"] as const;
export type JobStatus = (typeof jobStatuses)[number];

export interface NewJob {
  formationId: string;
  id: string;
  userId: string;
  /** As the caller wrote it. */
  type: string;
  /** As the caller wrote it. */
  schedule: string;
  message: string;
  title: string | null;
  /** Cron expression of five fields; null for a job that runs once. */
  cron: string | null;
  /** JSON. */
  exclusions: string;
  timezone: string;
  /** Unix milliseconds. */
  nextRun: number;
  createdAt: number;
  idempotency: Idempotency | undefined;
}

export interface StoredJob extends Omit<NewJob, "formationId" | "nextRun" | "idempotency"> {
  status: JobStatus;
  nextRun: number | null;
  /** When a job that runs once is scheduled; null for a recurring one. */
  runAt: number | null;
  lastRun: number | null;
  lastRunStatus: "waiting" | "success" | "failed" | null;
  lastRunError: string | null;
  totalRuns: number;
  totalFailures: number;
  failuresInRow: number;
  updatedAt: number;
  bodyHash: string | null;
}

/** Columns of a stored job, as a `select` lists them. */
export const columns = sql`id, user_id as "userId", type, schedule, message, title, cron, run_at as "runAt", exclusions, timezone,
  status, next_run as "nextRun", last_run as "lastRun", last_run_status as "lastRunStatus",
  last_run_error as "lastRunError", total_runs as "totalRuns", total_failures as "totalFailures",
  failures_in_row as "failuresInRow", created_at as "createdAt", updated_at as "updatedAt", body_hash as "bodyHash"`;
