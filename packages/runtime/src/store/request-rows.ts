import type { RequestState, Usage } from "@muxi/protocol";
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
  /** Agent that answered or was to answer; null before the end, and where none was chosen. */
  agentId: string | null;
  /** Its model; null before the end, and where no model was chosen. */
  model: string | null;
  /** Tokens of all calls of models; null as long as `model` is. */
  inputTokens: number | null;
  outputTokens: number | null;
  /** Of the input tokens, those from a provider's cache. */
  cachedTokens: number | null;
  /** Of the input tokens, those that went into a provider's cache. */
  cacheWriteTokens: number | null;
}

/** A request in a list. */
export interface ListedRequest extends StoredRequest {
  seq: number;
}

/** Who answered, and the tokens that it took since the request began, or since it went on after a question to its user. */
interface Spending {
  /** Agent that answered or was to answer, and its model. */
  agentId: string;
  model: string;
  usage: Usage;
}

/** How a request ends, or pauses for an answer from its user. */
export interface Ending {
  status: RequestState;
  error: string | null;
  log: string;
  now: number;
  /** Absent when no agent was chosen, or when another process asked it. */
  spending?: Spending | undefined;
}

/** Columns of a stored request, as a `select` lists them. */
export const columns = sql`id, user_id as "userId", session_id as "sessionId", kind, mode, status, input,
  webhook_url as "webhookUrl", idempotency_key as "idempotencyKey", body_hash as "bodyHash",
  created_at as "createdAt", started_at as "startedAt", completed_at as "completedAt", error, log, attempts,
  cancel_asked as "cancelAsked", agent_id as "agentId", model, input_tokens as "inputTokens", output_tokens as "outputTokens",
  cached_tokens as "cachedTokens", cache_write_tokens as "cacheWriteTokens"`;

export const one = (formationId: string, id: string) => sql`formation_id = ${formationId} and id = ${id}`;

/** What an `update` adds to the tokens of a request: those before a question to its user are there already. */
const spent = ({ agentId, model, usage }: Spending) =>
  sql`, agent_id = ${agentId}, model = ${model}, input_tokens = coalesce(input_tokens, 0) + ${usage.input_tokens},
    output_tokens = coalesce(output_tokens, 0) + ${usage.output_tokens},
    cached_tokens = coalesce(cached_tokens, 0) + ${usage.cached_tokens ?? 0},
    cache_write_tokens = coalesce(cache_write_tokens, 0) + ${usage.cache_write_tokens ?? 0}`;

/** What an `update` sets at the end. The idempotency key of a failed or cancelled request is free again. */
export const ended = ({ status, error, log, now, spending }: Ending) =>
  sql`status = ${status}, error = ${error}, log = ${log}, lease_owner = null, lease_until = null,
    completed_at = ${status === "awaiting_clarification" ? null : now},
    input = ${status === "awaiting_clarification" ? sql`input` : null},
    idempotency_key = ${status === "failed" || status === "cancelled" ? null : sql`idempotency_key`}
    ${spending ? spent(spending) : sql``}`;

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
