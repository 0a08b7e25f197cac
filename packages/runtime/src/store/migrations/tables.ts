/** A table that holds what a formation knows. */
export interface CopiedTable {
  name: string;
  /** Condition for the rows of the formation `$1`. */
  mine: string;
}

const own = (name: string): CopiedTable => ({ name, mine: "formation_id = $1" });
const of = (parent: string, name: string): CopiedTable => ({
  name,
  mine: `${parent}_seq in (select seq from ${parent} where formation_id = $1)`,
});

/** The tables that hold what a formation knows, each after those that it hangs on. */
export const copiedTables: readonly CopiedTable[] = [
  ...["app_user", "user_identifier", "credential", "session"].map(own),
  ...["message", "session_summary", "summary_task", "summary_omission"].map((name) => of("session", name)),
  ...["request", "request_step", "memory"].map(own),
  ...["memory_word", "memory_vector", "memory_code", "memory_version"].map((name) => of("memory", name)),
  ...[
    "lesson",
    "synopsis",
    "ingestion",
    "job",
    "job_creation",
    "job_run",
    "delivery",
    "audit",
    "tool_approval",
    "usage_by_day",
  ].map(own),
];

/**
 * The tables that are not copied: they concern processes that run, or the database as a whole, or are made of the
 * formation's documents.
 */
const leftOutTables: readonly string[] = [
  ...["hint", "request_part", "retention_turn", "scheduler_pulse", "schema_version", "user_deletion"],
  ...[
    "knowledge",
    "knowledge_document",
    "knowledge_passage",
    "knowledge_source",
    "knowledge_word",
    "knowledge_code",
    "knowledge_vector",
  ],
];

/**
 * All tables of the newest schema. One that is to be dropped leaves these lists a release before: the version before may be at
 * work on the same database, and takes itself for unhealthy without it.
 */
export const tables: readonly string[] = [...copiedTables.map(({ name }) => name), ...leftOutTables];
