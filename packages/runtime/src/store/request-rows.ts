import type { RequestState, Usage } from "@muxi/protocol";
import type { Dialect } from "./database/index.ts";
import { type Statement, sql } from "./database/index.ts";
import type { Owner } from "./sessions.ts";

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

/** What may be asked of a request while a process works on it, as its row says it. */
export const asks = {
  /** To end without an answer. */
  cancel: 1,
  /** To end with the part of its answer that there is, for the next message of its session. */
  interrupt: 2,
  /** To look for messages that are meant for its agent. */
  steer: 3,
} as const;

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

/** A new request; without input when this process begins it at once. */
type Insertion = Omit<NewRequest, "input"> & { input: string | null };

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
  /** What was asked of it while a process works on it: 0 or one of `asks`. */
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
  /** Until when it waits for an answer. */
  until?: number | undefined;
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

/** Makes the statement that inserts a request: under the lease of the process that begins it, or into the queue. */
export const createInsertion = ({ each }: Dialect) => {
  const insert = each({
    given: {
      formation_id: "text",
      id: "text",
      user_id: "text",
      session_id: "text",
      kind: "text",
      mode: "text",
      status: "text",
      input: "text",
      webhook_url: "text",
      idempotency_key: "text",
      body_hash: "text",
      now: "bigint",
      started_at: "bigint",
      lease_owner: "text",
      lease_until: "bigint",
    },
    text: `insert into request (formation_id, id, user_id, session_id, kind, mode, status, input, webhook_url,
        idempotency_key, body_hash, created_at, started_at, attempts, run_after, lease_owner, lease_until, cancel_asked)
      select given.formation_id, given.id, given.user_id, given.session_id, given.kind, given.mode, given.status,
        given.input, given.webhook_url, given.idempotency_key, given.body_hash, given.now, given.started_at, 0, given.now,
        given.lease_owner, given.lease_until, 0 from given`,
  });
  return (
    { formationId, userId }: Owner,
    { id, sessionId, kind, input, webhookUrl, idempotency, now }: Insertion,
    lease: Lease | undefined,
  ): Statement =>
    insert(
      {
        formation_id: formationId,
        id,
        user_id: userId,
        session_id: sessionId,
        kind,
        mode: lease ? "sync" : "async",
        status: lease ? "processing" : "pending",
        input,
        webhook_url: webhookUrl,
        idempotency_key: idempotency?.key ?? null,
        body_hash: idempotency?.hash ?? null,
        now,
        started_at: lease ? now : null,
        lease_owner: lease?.owner ?? null,
        lease_until: lease?.until ?? null,
      },
      id,
    );
};

/** Statements that end a request, each under a condition. */
export interface Ends {
  /** Under a lease that has not been renewed beyond this time. */
  held(formationId: string, id: string, lease: Lease, ending: Ending): Statement;
  /** In the queue, or while it waits for its user. */
  waiting(formationId: string, id: string, ending: Ending): Statement;
}

/** Sets tokens of a request: those before a question to its user are there already. */
const added = (column: string): string =>
  `${column} = case when given.model is null then request.${column}
    else coalesce(request.${column}, 0) + given.${column} end`;

export const createEnds = ({ each }: Dialect): Ends => {
  /** The idempotency key of a failed or cancelled request is free again. */
  const ending = (condition: string) => {
    const end = each({
      given: {
        formation_id: "text",
        id: "text",
        holder: "text",
        until: "bigint",
        status: "text",
        error: "text",
        log: "text",
        completed_at: "bigint",
        agent_id: "text",
        model: "text",
        input_tokens: "bigint",
        output_tokens: "bigint",
        cached_tokens: "bigint",
        cache_write_tokens: "bigint",
      },
      text: `update request set status = given.status, error = given.error, log = given.log,
          lease_owner = null, lease_until = null, completed_at = given.completed_at,
          input = case when given.status = 'awaiting_clarification' then request.input end,
          idempotency_key = case when given.status in ('failed', 'cancelled') then null
            else request.idempotency_key end,
          agent_id = coalesce(given.agent_id, request.agent_id), model = coalesce(given.model, request.model),
          ${["input_tokens", "output_tokens", "cached_tokens", "cache_write_tokens"].map(added).join(", ")}
        from given where request.formation_id = given.formation_id and request.id = given.id and ${condition}`,
      key: "request.id",
    });
    return (
      formationId: string,
      id: string,
      lease: Lease | undefined,
      { status, error, log, now, spending }: Ending,
    ): Statement =>
      end(
        {
          formation_id: formationId,
          id,
          holder: lease?.owner ?? null,
          until: lease?.until ?? null,
          status,
          error,
          log,
          completed_at: status === "awaiting_clarification" ? null : now,
          agent_id: spending?.agentId ?? null,
          model: spending?.model ?? null,
          input_tokens: spending?.usage.input_tokens ?? null,
          output_tokens: spending?.usage.output_tokens ?? null,
          cached_tokens: spending?.usage.cached_tokens ?? 0,
          cache_write_tokens: spending?.usage.cache_write_tokens ?? 0,
        },
        id,
      );
  };

  const held = ending(`request.lease_owner = given.holder and request.status = 'processing'
    and request.lease_until <= given.until`);
  const waiting = ending("request.status in ('pending', 'awaiting_clarification')");
  return {
    held,
    waiting: (formationId, id, end) => waiting(formationId, id, undefined, end),
  };
};

/** Condition for the requests on which a process holds a lease. */
export const isMine = (leaseOwner: string) => sql`lease_owner = ${leaseOwner} and status = 'processing'`;

/** Statements that delete published events; only Postgres has readers in other processes. */
export const createPublishedParts = ({ engine, each }: Dialect) => {
  const forget = each({
    given: { formation_id: "text", id: "text" },
    text: `delete from request_part using given
      where request_part.formation_id = given.formation_id and request_part.request_id = given.id`,
  });
  return {
    forget: (formationId: string, id: string): Statement[] =>
      engine === "postgres" ? [forget({ formation_id: formationId, id }, id)] : [],
    /** Those of the requests that match. */
    forgetAll: (which: Statement): Statement[] =>
      engine === "postgres"
        ? [
            sql`delete from request_part
              where (formation_id, request_id) in (select formation_id, id from request where ${which})`,
          ]
        : [],
  };
};

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
