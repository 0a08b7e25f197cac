import type { RequestState } from "@muxi/protocol";
import type { Database } from "./database/index.ts";
import { type Statement, sql } from "./database/index.ts";

export type RequestKind = "chat" | "trigger" | "job";

/** Which process works on a request, and until when no other may. */
export interface Lease {
  owner: string;
  until: number;
}

/** An idempotency key and a digest of the body that was sent with it. */
export interface Idempotency {
  key: string;
  hash: string;
}

export interface NewRequest {
  id: string;
  sessionId: string;
  kind: RequestKind;
  /** JSON of all that is needed to do it. */
  input: string;
  webhookUrl: string | null;
  idempotency: Idempotency | undefined;
  now: number;
}

export interface StoredRequest {
  id: string;
  userId: string;
  sessionId: string;
  kind: RequestKind;
  mode: "sync" | "async";
  status: RequestState;
  input: string | null;
  webhookUrl: string | null;
  idempotencyKey: string | null;
  bodyHash: string | null;
  /** Unix milliseconds. */
  createdAt: number;
  startedAt: number | null;
  completedAt: number | null;
  error: string | null;
  log: string | null;
  attempts: number;
  /** 1 when cancellation was requested. */
  cancelAsked: number;
}

/** How a request ends, or pauses for an answer from its user. */
export interface Ending {
  status: RequestState;
  error: string | null;
  log: string;
  now: number;
}

/** Columns of a stored request, as a `select` lists them. */
export const columns = sql`id, user_id as "userId", session_id as "sessionId", kind, mode, status, input,
  webhook_url as "webhookUrl", idempotency_key as "idempotencyKey", body_hash as "bodyHash",
  created_at as "createdAt", started_at as "startedAt", completed_at as "completedAt", error, log, attempts,
  cancel_asked as "cancelAsked"`;

export const one = (formationId: string, id: string) => sql`formation_id = ${formationId} and id = ${id}`;

/** What an `update` sets at the end. The idempotency key of a failed or cancelled request is free again. */
export const ended = ({ status, error, log, now }: Ending) =>
  sql`status = ${status}, error = ${error}, log = ${log}, lease_owner = null, lease_until = null,
    completed_at = ${status === "awaiting_clarification" ? null : now},
    input = ${status === "awaiting_clarification" ? sql`input` : null},
    idempotency_key = ${status === "failed" || status === "cancelled" ? null : sql`idempotency_key`}`;

/** Condition for the requests on which a process holds a lease. */
export const isMine = (leaseOwner: string) => sql`lease_owner = ${leaseOwner} and status = 'processing'`;

/** Deletes the published events of the requests that match; only Postgres has readers in other processes. */
export const forgetPublished = ({ dialect }: Database, which: Statement): Statement[] =>
  dialect.engine === "postgres"
    ? [
        sql`delete from request_part
          where (formation_id, request_id) in (select formation_id, id from request where ${which})`,
      ]
    : [];

export const insertSteps = (
  formationId: string,
  id: string,
  steps: ReadonlyMap<string, string>,
): Statement[] =>
  [...steps].map(
    ([key, result]) =>
      sql`insert into request_step (formation_id, request_id, key, result)
        values (${formationId}, ${id}, ${key}, ${result}) on conflict do nothing`,
  );
