/**
 * The tables of the newest schema. One that is to be dropped leaves this list a release before: the version before may be at
 * work on the same database, and takes itself for unhealthy without it.
 */
export const tables: readonly string[] = [
  "app_user",
  "audit",
  "credential",
  "delivery",
  "hint",
  "ingestion",
  "job",
  "job_creation",
  "job_run",
  "lesson",
  "memory",
  "memory_code",
  "memory_vector",
  "memory_word",
  "message",
  "request",
  "request_part",
  "request_step",
  "scheduler_pulse",
  "schema_version",
  "session",
  "synopsis",
  "user_identifier",
];
