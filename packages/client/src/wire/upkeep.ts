/** Long-term memory in bulk, its upkeep, and tuning (contract/formation-api.md 4.6, 4.23). */

/** A memory from elsewhere; one of `content` and `detail` is needed. */
export interface IngestionItem {
  content?: string;
  type?: string;
  detail?: string;
  /** System that the memory comes from. */
  source: string;
  source_id?: string;
  /** ISO 8601. */
  timestamp?: string;
  subject?: string;
  metadata?: Record<string, unknown>;
}

/** While it runs in the background, its job; else its report. */
export interface MemoryRebuild {
  user_id?: string;
  job_id?: string;
  status?: string;
  status_url?: string;
  dry_run?: boolean;
  projections?: unknown;
  error?: string;
}

/** How many memories were made. */
export interface MemoryBackfill {
  user_id: string;
  synthesized: number;
}

/** What is wrong with the memories of a user. */
export interface MemoryLint {
  user_id: string | null;
  report: unknown;
}

/** The tuning of a formation. */
export interface Tuning {
  content: string | null;
  path: string;
}

/** What became of new tuning. */
export interface TuningWritten {
  path: string;
  bytes: number;
}
