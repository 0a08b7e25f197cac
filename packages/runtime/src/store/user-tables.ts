import type { Statement } from "./database/index.ts";
import { sql } from "./database/index.ts";
import { userSpace } from "./memory-rows.ts";
import type { Owner } from "./sessions.ts";

/** How a column is written in a line of an export: a time becomes ISO 8601, JSON becomes what it says. */
export type ColumnKind = "text" | "number" | "flag" | "time" | "json";

/** What a line of an export says of a row. */
export interface UserLine {
  type: string;
  columns: Readonly<Record<string, ColumnKind>>;
}

/** Rows that hang on those of another table: each is of one row there. */
export interface DependentTable {
  name: string;
  key: readonly string[];
  /** Column that names the row it hangs on, and the column there. */
  of: { column: string; parent: "seq" | "id" };
  /** Absent where the parent's row says it all. */
  line?: UserLine;
  /** Whether the database deletes them with their parent. */
  isCascaded?: true;
}

/** A table with rows that belong to a user. */
export interface UserTable {
  name: string;
  /** What tells a row from others, in the order of an index of the user's rows. */
  key: readonly string[];
  rows: (owner: Owner) => Statement;
  line: UserLine;
  /** In a table whose rows have `seq` and `id`. */
  dependents?: readonly DependentTable[];
}

const ofUser = ({ formationId, userId }: Owner): Statement =>
  sql`formation_id = ${formationId} and user_id = ${userId}`;

const origin = {
  source: "text",
  source_id: "text",
  session_id: "text",
  request_id: "text",
  message_id: "text",
  quote: "text",
  said_at: "time",
} as const;

/**
 * The tables with rows of users, in the order in which they are deleted: what begins new work first, and what such work writes
 * to after it.
 */
export const userTables: readonly UserTable[] = [
  {
    name: "job",
    key: ["created_at", "id"],
    rows: ofUser,
    line: {
      type: "job",
      columns: {
        ...{ id: "text", type: "text", title: "text", message: "text", schedule: "text", cron: "text" },
        ...{ timezone: "text", exclusions: "json", status: "text", run_at: "time", next_run: "time" },
        ...{ last_run: "time", last_run_status: "text", last_run_error: "text", total_runs: "number" },
        ...{ total_failures: "number", created_at: "time", updated_at: "time" },
      },
    },
  },
  {
    name: "job_creation",
    key: ["created_at", "job_id"],
    rows: ofUser,
    line: { type: "job_creation", columns: { job_id: "text", created_at: "time" } },
  },
  {
    name: "job_run",
    key: ["job_id", "due"],
    rows: ofUser,
    line: {
      type: "job_run",
      columns: {
        ...{ job_id: "text", due: "time", request_id: "text", status: "text", started_at: "time" },
        ...{ ended_at: "time", result: "text", error: "text" },
      },
    },
  },
  {
    name: "lesson",
    key: ["seq"],
    rows: ofUser,
    line: { type: "lesson", columns: { session_id: "text", request_id: "text", said_at: "time" } },
  },
  {
    name: "request",
    key: ["created_at", "seq"],
    rows: ofUser,
    line: {
      type: "request",
      columns: {
        ...{ id: "text", session_id: "text", kind: "text", mode: "text", status: "text", agent_id: "text" },
        ...{ model: "text", input_tokens: "number", output_tokens: "number", input: "json", log: "json" },
        ...{ error: "text", webhook_url: "text", idempotency_key: "text", created_at: "time" },
        ...{ started_at: "time", completed_at: "time" },
      },
    },
    dependents: [
      {
        name: "request_step",
        key: ["key"],
        of: { column: "request_id", parent: "id" },
        line: { type: "request_step", columns: { request_id: "text", key: "text", result: "json" } },
      },
      {
        name: "request_part",
        key: ["after_event"],
        of: { column: "request_id", parent: "id" },
        line: {
          type: "request_part",
          columns: { request_id: "text", after_event: "number", events: "json" },
        },
      },
    ],
  },
  {
    name: "delivery",
    key: ["id"],
    rows: ofUser,
    line: {
      type: "delivery",
      columns: {
        ...{ id: "text", request_id: "text", event: "text", target: "text", body: "json", status: "text" },
        ...{ attempts: "number", created_at: "time", ended_at: "time", response_status: "number" },
        error: "text",
      },
    },
  },
  {
    name: "session",
    key: ["seq"],
    rows: ofUser,
    line: { type: "session", columns: { id: "text", created_at: "time", last_activity: "time" } },
    dependents: [
      // Before the summaries: who is about to store one has locked its task.
      { name: "summary_task", key: ["kind"], of: { column: "session_seq", parent: "seq" } },
      {
        name: "session_summary",
        key: ["kind", "before_seq"],
        of: { column: "session_seq", parent: "seq" },
        line: {
          type: "session_summary",
          columns: { kind: "text", text: "text", details: "json", made_at: "time" },
        },
      },
      { name: "summary_omission", key: ["request_id"], of: { column: "session_seq", parent: "seq" } },
      {
        name: "message",
        key: ["seq"],
        of: { column: "session_seq", parent: "seq" },
        line: {
          type: "message",
          columns: {
            ...{ id: "text", request_id: "text", role: "text", content: "text", agent_id: "text" },
            ...{ metadata: "json", created_at: "time" },
          },
        },
      },
    ],
  },
  {
    name: "memory",
    key: ["seq"],
    rows: (owner) => sql`space = ${userSpace(owner)}`,
    line: {
      type: "memory",
      columns: {
        ...{ id: "text", content: "text", collection: "text", importance: "number", metadata: "json" },
        ...{ pinned: "flag", expires_at: "time", valid_from: "time", created_at: "time", updated_at: "time" },
        ...origin,
      },
    },
    dependents: [
      {
        name: "memory_version",
        key: ["seq"],
        of: { column: "memory_seq", parent: "seq" },
        isCascaded: true,
        line: {
          type: "memory_version",
          columns: {
            ...{ content: "text", collection: "text", importance: "number", metadata: "json" },
            ...{ valid_from: "time", valid_to: "time" },
            ...origin,
          },
        },
      },
      // Derived from the memory.
      ...["memory_word", "memory_vector", "memory_code"].map(
        (name): DependentTable => ({
          name,
          key: ["memory_seq"],
          of: { column: "memory_seq", parent: "seq" },
          isCascaded: true,
        }),
      ),
    ],
  },
  {
    name: "synopsis",
    key: ["part"],
    rows: ofUser,
    line: { type: "synopsis", columns: { part: "text", text: "text", made_at: "time" } },
  },
  {
    name: "usage_by_day",
    key: ["day", "agent_id", "model"],
    rows: ofUser,
    line: {
      type: "usage_by_day",
      columns: {
        ...{ day: "number", agent_id: "text", model: "text", requests: "number", failed: "number" },
        ...{ input_tokens: "number", output_tokens: "number", cached_tokens: "number" },
        cache_write_tokens: "number",
      },
    },
  },
  {
    name: "ingestion",
    key: ["id"],
    rows: ofUser,
    line: {
      type: "ingestion",
      columns: {
        ...{ id: "text", accepted: "number", duplicate: "number", invalid: "number", created_at: "time" },
      },
    },
  },
  {
    name: "tool_approval",
    key: ["tool", "session_id"],
    rows: ofUser,
    line: { type: "tool_approval", columns: { tool: "text", session_id: "text", created_at: "time" } },
  },
  {
    name: "credential",
    key: ["id"],
    rows: ofUser,
    // Its value is a secret that the user has elsewhere.
    line: {
      type: "credential",
      columns: { id: "text", service: "text", name: "text", created_at: "time", updated_at: "time" },
    },
  },
];

/** Acts on a user: they stay when the user is deleted, without what the user has said. */
export const actsTable: UserTable = {
  name: "audit",
  key: ["seq"],
  rows: ofUser,
  line: {
    type: "audit",
    columns: {
      ...{ id: "text", at: "time", action: "text", resource_type: "text", resource_id: "text" },
      ...{ request_id: "text", ip: "text", outcome: "text", details: "json" },
    },
  },
};

/** The tables by which a user is known; they are deleted last, so that a deletion that was cut off can be repeated. */
export const identityTables: readonly string[] = ["app_user", "user_identifier"];

const ofDocuments = "made of the formation's documents";

/** Why the other tables have no rows of users. */
export const tablesOfNobody: Readonly<Record<string, string>> = {
  hint: "what one process tells the others, and gone after a minute",
  knowledge: ofDocuments,
  knowledge_code: ofDocuments,
  knowledge_document: ofDocuments,
  knowledge_passage: ofDocuments,
  knowledge_source: ofDocuments,
  knowledge_vector: ofDocuments,
  knowledge_word: ofDocuments,
  retention_turn: "says which process deletes what is old",
  scheduler_pulse: "says when a scheduler last looked",
  schema_version: "says what the schema is",
  user_deletion: "says when any user was last deleted",
};
