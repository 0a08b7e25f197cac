import { type Dialect, SchemaError } from "../database/index.ts";
import { firstSchema } from "./0001-first-schema.ts";
import { requestTables } from "./first-schema/requests.ts";
import { sessionTables } from "./first-schema/sessions.ts";
import { vectorTables } from "./first-schema/vectors.ts";
import type { Place, TableColumn } from "./place.ts";

/** Recreates tables and fills them from their old rows, which are in `old_…` meanwhile. */
const rebuild = (
  names: readonly string[],
  { create, fill }: { create: readonly string[]; fill: readonly string[] },
): string[] => [
  ...names.map((name) => `create temporary table old_${name} as select * from ${name}`),
  ...names.map((name) => `drop table ${name}`),
  ...create,
  ...fill,
  ...names.map((name) => `drop table old_${name}`),
];

/** Sessions had no number; messages had the id, formation and user of their session instead. */
const rebuildSessions = (dialect: Dialect): string[] => {
  const session = "formation_id, id, user_id, created_at, last_activity";
  const message = "id, request_id, role, content, agent_id, metadata, created_at";
  return rebuild(["session", "message"], {
    create: sessionTables(dialect),
    fill: [
      `insert into session (${session}) select ${session} from old_session order by created_at, id`,
      `insert into message (session_seq, ${message})
        select session.seq, ${message.replace(/\w+/g, "old_message.$&")}
        from old_message join session on session.formation_id = old_message.formation_id
          and session.id = old_message.session_id and session.user_id = old_message.user_id
        order by old_message.seq`,
    ],
  });
};

/** Requests had no number, and at first there was no table for the events of running ones. */
const rebuildRequests = (dialect: Dialect, hadParts: boolean): string[] => {
  const request = `formation_id, id, user_id, session_id, kind, mode, status, input, webhook_url, idempotency_key,
    body_hash, created_at, started_at, completed_at, error, log, attempts, run_after, lease_owner, lease_until,
    cancel_asked`;
  return rebuild(["request", "request_step", ...(hadParts ? ["request_part"] : [])], {
    create: requestTables(dialect),
    fill: [
      `insert into request (${request}) select ${request} from old_request order by created_at, id`,
      "insert into request_step select formation_id, request_id, key, result from old_request_step",
    ],
  });
};

/** Vectors had another format. They are computed again from the memories, in the background. */
const dropVectors = (dialect: Dialect): string[] => [
  "drop table memory_vector",
  "drop table memory_code",
  ...vectorTables(dialect),
  "update memory set vector_model = ''",
];

const firstTables = (dialect: Dialect): string[] =>
  firstSchema.statements(dialect).flatMap((text) => /^create table (\w+)/.exec(text)?.[1] ?? []);

/**
 * Statements that bring a database of a development version to the first schema, of which there were several drafts.
 * Such a database does not record its schema; it is recognised by its tables.
 *
 * @throws SchemaError when data would be lost, or the tables are not those of muxi.
 */
export const takeOver = (
  { dialect, name, alternative }: Place,
  columns: readonly TableColumn[],
): string[] => {
  const has = (table: string, column?: string) =>
    columns.some((each) => each.table === table && (column === undefined || each.column === column));
  const missing = firstTables(dialect).find((table) => table !== "request_part" && !has(table));
  if (missing !== undefined) {
    throw new SchemaError(
      `${name} holds other tables than those of muxi, or those of a development version that is too old to take over (there is no '${missing}'): ${alternative}`,
    );
  }
  if (has("message", "session_seq")) return [];
  return [
    ...rebuildSessions(dialect),
    ...rebuildRequests(dialect, has("request_part")),
    ...(has("memory_vector", "space") ? [] : dropVectors(dialect)),
    "create index if not exists job_active on job (formation_id, user_id) where status = 'active'",
  ];
};
