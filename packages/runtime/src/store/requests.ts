import type { RequestState } from "@muxi/protocol";
import type { Database } from "./database.ts";
import type { Owner } from "./sessions.ts";
import { type Statement, sql } from "./statement.ts";

export type RequestKind = "chat" | "trigger" | "job";

/** Who works on a request, and until when nobody else may. */
export interface Lease {
  owner: string;
  until: number;
}

/** A key under which a caller may send the same request again, and a digest of what it sent. */
export interface Idempotency {
  key: string;
  hash: string;
}

export interface NewRequest {
  id: string;
  sessionId: string;
  kind: RequestKind;
  /** JSON of all that is needed to do it; null for one that is done at once, by this process alone. */
  input: string | null;
  webhookUrl: string | null;
  idempotency: Idempotency | undefined;
  now: number;
  /** Left out for one that waits in the queue. */
  lease?: Lease;
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
  /** 1 when it is to be stopped. */
  cancelAsked: number;
}

/** What a request at work told behind an event. */
export interface Published {
  requestId: string;
  after: number;
  events: string;
}

/** How a request ends, or pauses for an answer of its user. */
export interface Ending {
  status: RequestState;
  error: string | null;
  log: string;
  now: number;
}

/** The requests of one formation. */
export interface RequestRepository {
  /** Statement that takes a request on; it fails when the id or the idempotency key is taken. */
  insert(owner: Owner, request: NewRequest): Statement;
  /** Whether that is why a write failed. */
  isTaken(error: unknown): boolean;
  /** Those with the id or with the owner's idempotency key. */
  find(owner: Owner, id: string, key: string | undefined): Promise<StoredRequest[]>;
  get(formationId: string, id: string): Promise<StoredRequest | undefined>;
  /** Newest first; of all users without one. */
  list(formationId: string, userId: string | undefined, limit: number): Promise<StoredRequest[]>;
  /** The newest request of a session whose user was asked something. */
  awaiting(owner: Owner, sessionId: string): Promise<StoredRequest | undefined>;
  /**
   * Statement that goes on with a request whose user was asked something; changes no row when it does not wait.
   *
   * @param idempotency Of the call that goes on with it.
   */
  goOn(
    owner: Owner,
    id: string,
    sessionId: string,
    lease: Lease,
    idempotency: Idempotency | undefined,
  ): Statement;
  /**
   * Ends a request of this process once and for all, and with it, in one transaction, what follows from its end.
   *
   * @returns False when it has ended otherwise, or is another process's by now: nothing was written.
   */
  finish(
    formationId: string,
    id: string,
    leaseOwner: string,
    ending: Ending,
    also: readonly Statement[],
  ): Promise<boolean>;
  /** Ends a request that nobody works on. False when somebody does, or it has ended. */
  finishWaiting(formationId: string, id: string, ending: Ending): Promise<boolean>;
  /** Asks the process that works on it to stop. */
  askToCancel(formationId: string, id: string): Promise<void>;
  /** Lets a request that was begun at once go on in the background, so that it survives this process. */
  toBackground(
    formationId: string,
    id: string,
    leaseOwner: string,
    how: { input: string; webhookUrl: string | null; steps: ReadonlyMap<string, string> },
  ): Promise<void>;
  /** Shows readers in other processes what requests of this one say. Tells of each whether it is this process's. */
  publish(formationId: string, leaseOwner: string, parts: readonly Published[]): Promise<boolean[]>;
  /** What was published of a request behind an event, in order. */
  published(formationId: string, id: string, after: number): Promise<Published[]>;
  /** Takes the oldest requests that wait, of those that were begun so often (`below` not included). */
  claim(
    formationId: string,
    lease: Lease,
    options: { now: number; limit: number; attempts: { from: number; below: number } },
  ): Promise<StoredRequest[]>;
  /** Shows that a process lives. Gives all requests that it holds. */
  renew(
    formationId: string,
    lease: Lease,
  ): Promise<{ id: string; mode: "sync" | "async"; cancelAsked: number }[]>;
  /** Puts a request back into the queue. */
  giveBack(formationId: string, id: string, leaseOwner: string, now: number): Promise<void>;
  /** Who holds requests, and how each has last shown that it lives. */
  leaseHolders(formationId: string): Promise<Lease[]>;
  /** Requests that were begun at once by a process that is gone. */
  abandoned(formationId: string, lease: Lease): Promise<StoredRequest[]>;
  /** Ends a request of a process that is gone, unless that one has shown meanwhile that it lives. */
  endAbandoned(formationId: string, id: string, lease: Lease, ending: Ending): Promise<void>;
  /** Puts what a process that is gone held in the background back into the queue. */
  releaseAll(formationId: string, lease: Lease, now: number): Promise<void>;
  /** Finished steps of a request, by key. */
  steps(formationId: string, id: string): Promise<Map<string, string>>;
  /** False when the request is another process's by now: nothing was written. */
  addSteps(
    formationId: string,
    id: string,
    leaseOwner: string,
    steps: ReadonlyMap<string, string>,
  ): Promise<boolean>;
  /** Deletes requests that ended before a time, and some of them only. */
  forget(formationId: string, before: number, limit: number): Promise<number>;
}

const columns = sql`id, user_id as "userId", session_id as "sessionId", kind, mode, status, input,
  webhook_url as "webhookUrl", idempotency_key as "idempotencyKey", body_hash as "bodyHash",
  created_at as "createdAt", started_at as "startedAt", completed_at as "completedAt", error, log, attempts,
  cancel_asked as "cancelAsked"`;

const one = (formationId: string, id: string) => sql`formation_id = ${formationId} and id = ${id}`;

/** Columns that change at an end. A request that failed may be sent again under its key. */
const ended = ({ status, error, log, now }: Ending) =>
  sql`status = ${status}, error = ${error}, log = ${log}, lease_owner = null, lease_until = null,
    completed_at = ${status === "awaiting_clarification" ? null : now},
    input = ${status === "awaiting_clarification" ? sql`input` : null},
    idempotency_key = ${status === "failed" || status === "cancelled" ? null : sql`idempotency_key`}`;

export const createRequestRepository = (db: Database): RequestRepository => {
  /** Whether there may be readers in other processes. */
  const isShared = db.dialect.engine === "postgres";
  const skipClaimed: Statement = { text: db.dialect.skipClaimed, values: [] };
  const isMine = (leaseOwner: string) => sql`lease_owner = ${leaseOwner} and status = 'processing'`;
  const isLeft = ({ owner, until }: Lease) => sql`${isMine(owner)} and lease_until <= ${until}`;
  /** Of the requests that a condition names. */
  const forgetPublished = (which: Statement): Statement[] =>
    isShared
      ? [
          sql`delete from request_part
            where (formation_id, request_id) in (select formation_id, id from request where ${which})`,
        ]
      : [];
  const insertStep =
    (formationId: string, id: string) =>
    ([key, result]: [string, string]) =>
      sql`insert into request_step (formation_id, request_id, key, result)
      values (${formationId}, ${id}, ${key}, ${result}) on conflict do nothing`;

  return {
    insert: ({ formationId, userId }, request) => {
      const { id, sessionId, kind, input, webhookUrl, idempotency, now, lease } = request;
      return sql`insert into request (formation_id, id, user_id, session_id, kind, mode, status, input, webhook_url,
          idempotency_key, body_hash, created_at, started_at, attempts, run_after, lease_owner, lease_until,
          cancel_asked)
        values (${formationId}, ${id}, ${userId}, ${sessionId}, ${kind}, ${lease ? "sync" : "async"},
          ${lease ? "processing" : "pending"}, ${input}, ${webhookUrl}, ${idempotency?.key ?? null},
          ${idempotency?.hash ?? null}, ${now}, ${lease ? now : null}, 0, ${now}, ${lease?.owner ?? null},
          ${lease?.until ?? null}, 0)`;
    },

    isTaken: (error) => db.dialect.isTaken(error),

    async find(owner, id, key) {
      const byId = sql`select ${columns} from request where ${one(owner.formationId, id)}`;
      if (key === undefined) return db.read(byId);
      return db.read(
        sql`${byId} union select ${columns} from request
          where formation_id = ${owner.formationId} and user_id = ${owner.userId} and idempotency_key = ${key}`,
      );
    },

    async get(formationId, id) {
      const [row] = await db.read<StoredRequest>(
        sql`select ${columns} from request where ${one(formationId, id)}`,
      );
      return row;
    },

    list: (formationId, userId, limit) =>
      db.read(
        sql`select ${columns} from request where formation_id = ${formationId}
          ${userId === undefined ? sql`` : sql`and user_id = ${userId}`}
          order by created_at desc limit ${limit}`,
      ),

    async awaiting({ formationId, userId }, sessionId) {
      const [row] = await db.read<StoredRequest>(
        sql`select ${columns} from request
          where formation_id = ${formationId} and user_id = ${userId} and session_id = ${sessionId}
            and status = 'awaiting_clarification'
          order by created_at desc limit 1`,
      );
      return row;
    },

    goOn: ({ formationId, userId }, id, sessionId, { owner, until }, idempotency) =>
      sql`update request set status = 'processing', mode = 'sync', lease_owner = ${owner}, lease_until = ${until}
          ${idempotency ? sql`, idempotency_key = ${idempotency.key}, body_hash = ${idempotency.hash}` : sql``}
        where ${one(formationId, id)} and user_id = ${userId} and session_id = ${sessionId}
          and status = 'awaiting_clarification'`,

    async finish(formationId, id, leaseOwner, ending, also) {
      const done = await db.writeIf(
        sql`update request set ${ended(ending)} where ${one(formationId, id)} and ${isMine(leaseOwner)}`,
        [
          ...forgetPublished(one(formationId, id)),
          // What comes after the answer to a question are steps of their own.
          ...(ending.status === "awaiting_clarification"
            ? [sql`delete from request_step where formation_id = ${formationId} and request_id = ${id}`]
            : []),
          ...also,
        ],
      );
      return done !== undefined;
    },

    async finishWaiting(formationId, id, ending) {
      const [result] = await db.write([
        sql`update request set ${ended(ending)}
          where ${one(formationId, id)} and status in ('pending', 'awaiting_clarification')`,
      ]);
      return result?.changes === 1;
    },

    async askToCancel(formationId, id) {
      await db.write([sql`update request set cancel_asked = 1 where ${one(formationId, id)}`]);
      db.hints.send("cancel");
    },

    async toBackground(formationId, id, leaseOwner, { input, webhookUrl, steps }) {
      await db.writeIf(
        sql`update request set mode = 'async', attempts = 1, input = ${input}, webhook_url = ${webhookUrl}
          where ${one(formationId, id)} and ${isMine(leaseOwner)}`,
        [...steps].map(insertStep(formationId, id)),
      );
    },

    async publish(formationId, leaseOwner, parts) {
      const results = await db.write(
        parts.map(
          ({ requestId, after, events }) =>
            sql`insert into request_part (formation_id, request_id, after_event, events)
              select formation_id, id, cast(${after} as bigint), cast(${events} as text) from request
                where ${one(formationId, requestId)} and ${isMine(leaseOwner)}
              on conflict do nothing`,
        ),
      );
      return results.map(({ changes }) => changes > 0);
    },

    published: (formationId, id, after) =>
      db.read(
        sql`select request_id as "requestId", after_event as after, events from request_part
          where formation_id = ${formationId} and request_id = ${id} and after_event >= ${after}
          order by after_event`,
      ),

    async claim(formationId, { owner, until }, { now, limit, attempts }) {
      const ids = sql`select id from request
        where formation_id = ${formationId} and completed_at is null and mode = 'async' and status = 'pending'
          and attempts >= ${attempts.from} and attempts < ${attempts.below}
        order by run_after limit ${limit} ${skipClaimed}`;
      const [result] = await db.write([
        sql`update request set status = 'processing', lease_owner = ${owner}, lease_until = ${until},
            attempts = attempts + 1, started_at = coalesce(started_at, ${now})
          where formation_id = ${formationId} and id in (${ids})
          returning ${columns}`,
      ]);
      return (result?.rows ?? []) as unknown as StoredRequest[];
    },

    async renew(formationId, { owner, until }) {
      const [result] = await db.write([
        sql`update request set lease_until = ${until}
          where formation_id = ${formationId} and completed_at is null and ${isMine(owner)}
          returning id, mode, cancel_asked`,
      ]);
      return (result?.rows ?? []).map(({ id, mode, cancel_asked }) => ({
        id: String(id),
        mode: mode === "async" ? "async" : "sync",
        cancelAsked: Number(cancel_asked),
      }));
    },

    async giveBack(formationId, id, leaseOwner, now) {
      await db.write([
        ...forgetPublished(sql`${one(formationId, id)} and ${isMine(leaseOwner)}`),
        sql`update request set status = 'pending', lease_owner = null, lease_until = null, run_after = ${now}
          where ${one(formationId, id)} and ${isMine(leaseOwner)}`,
      ]);
    },

    leaseHolders: (formationId) =>
      db.read(
        sql`select lease_owner as owner, max(lease_until) as until from request
          where formation_id = ${formationId} and completed_at is null and lease_owner is not null
          group by lease_owner`,
      ),

    abandoned: (formationId, lease) =>
      db.read(
        sql`select ${columns} from request
          where formation_id = ${formationId} and completed_at is null and mode = 'sync' and ${isLeft(lease)}`,
      ),

    async endAbandoned(formationId, id, lease, ending) {
      await db.write([
        sql`update request set ${ended(ending)} where ${one(formationId, id)} and ${isLeft(lease)}`,
      ]);
    },

    async releaseAll(formationId, lease, now) {
      await db.write([
        ...forgetPublished(sql`formation_id = ${formationId} and ${isLeft(lease)}`),
        sql`update request set status = 'pending', lease_owner = null, lease_until = null, run_after = ${now}
          where formation_id = ${formationId} and completed_at is null and mode = 'async' and ${isLeft(lease)}`,
      ]);
    },

    async steps(formationId, id) {
      const rows = await db.read<{ key: string; result: string }>(
        sql`select key, result from request_step where formation_id = ${formationId} and request_id = ${id}`,
      );
      return new Map(rows.map(({ key, result }) => [key, result]));
    },

    async addSteps(formationId, id, leaseOwner, steps) {
      // The update holds the row, so that nobody takes the request over in between.
      const isStill = await db.writeIf(
        sql`update request set attempts = attempts where ${one(formationId, id)} and ${isMine(leaseOwner)}`,
        [...steps].map(insertStep(formationId, id)),
      );
      return isStill !== undefined;
    },

    async forget(formationId, before, limit) {
      const old = sql`select id from request
        where formation_id = ${formationId} and created_at < ${before}
          and (completed_at is not null or status = 'awaiting_clarification')
        order by created_at limit ${limit}`;
      const [, , result] = await db.write([
        sql`delete from request_part where formation_id = ${formationId} and request_id in (${old})`,
        sql`delete from request_step where formation_id = ${formationId} and request_id in (${old})`,
        sql`delete from request where formation_id = ${formationId} and id in (${old})`,
      ]);
      return result?.changes ?? 0;
    },
  };
};
