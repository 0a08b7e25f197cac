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
  /** Statement that goes on with a request whose user was asked something; changes no row when it does not wait. */
  goOn(owner: Owner, id: string, sessionId: string, lease: Lease): Statement;
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
    input: string,
    webhookUrl: string | null,
  ): Promise<void>;
  /** What a request has said so far, for readers in other processes. */
  publish(formationId: string, id: string, leaseOwner: string, log: string): Promise<void>;
  /** Takes the oldest requests that are due. */
  claim(formationId: string, lease: Lease, options: { now: number; limit: number }): Promise<StoredRequest[]>;
  /** When the next waiting request is due, in Unix milliseconds. */
  nextDue(formationId: string): Promise<number | undefined>;
  /** Keeps the leases of a process. Gives the requests that it is asked to stop. */
  renew(formationId: string, lease: Lease): Promise<string[]>;
  /** Puts a request back into the queue. */
  giveBack(formationId: string, id: string, leaseOwner: string, now: number): Promise<void>;
  /** Who holds leases. */
  leaseOwners(formationId: string): Promise<string[]>;
  /** Requests that were begun at once and whose process is gone: held by `leaseOwner`, or over their lease. */
  abandoned(formationId: string, gone: { leaseOwner?: string; now: number }): Promise<StoredRequest[]>;
  /** Ends an abandoned request. */
  endAbandoned(formationId: string, id: string, ending: Ending): Promise<void>;
  /** Puts what a process that is gone held in the background back into the queue. */
  releaseAll(formationId: string, leaseOwner: string, now: number): Promise<void>;
  /** Finished steps of a request, by key. */
  steps(formationId: string, id: string): Promise<Map<string, string>>;
  addSteps(formationId: string, id: string, steps: ReadonlyMap<string, string>): Promise<void>;
  /** Deletes requests that ended before a time, and some of them only. */
  forget(formationId: string, before: number, limit: number): Promise<number>;
}

const columns = sql`id, user_id as "userId", session_id as "sessionId", kind, mode, status, input,
  webhook_url as "webhookUrl", idempotency_key as "idempotencyKey", body_hash as "bodyHash",
  created_at as "createdAt", started_at as "startedAt", completed_at as "completedAt", error, log, attempts`;

const one = (formationId: string, id: string) => sql`formation_id = ${formationId} and id = ${id}`;

/** Columns that change at an end. A request that failed may be sent again under its key. */
const ended = ({ status, error, log, now }: Ending) =>
  sql`status = ${status}, error = ${error}, log = ${log}, lease_owner = null, lease_until = null,
    completed_at = ${status === "awaiting_clarification" ? null : now},
    input = ${status === "awaiting_clarification" ? sql`input` : null},
    idempotency_key = ${status === "failed" || status === "cancelled" ? null : sql`idempotency_key`}`;

export const createRequestRepository = (db: Database): RequestRepository => {
  const skipClaimed: Statement = { text: db.dialect.skipClaimed, values: [] };
  const isMine = (leaseOwner: string) => sql`lease_owner = ${leaseOwner} and status = 'processing'`;

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

    goOn: ({ formationId, userId }, id, sessionId, { owner, until }) =>
      sql`update request set status = 'processing', mode = 'sync', lease_owner = ${owner}, lease_until = ${until}
        where ${one(formationId, id)} and user_id = ${userId} and session_id = ${sessionId}
          and status = 'awaiting_clarification'`,

    async finish(formationId, id, leaseOwner, ending, also) {
      const done = await db.writeIf(
        sql`update request set ${ended(ending)} where ${one(formationId, id)} and ${isMine(leaseOwner)}`,
        also,
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
    },

    async toBackground(formationId, id, leaseOwner, input, webhookUrl) {
      await db.write([
        sql`update request set mode = 'async', input = ${input}, webhook_url = ${webhookUrl}
          where ${one(formationId, id)} and ${isMine(leaseOwner)}`,
      ]);
    },

    async publish(formationId, id, leaseOwner, log) {
      await db.write([
        sql`update request set log = ${log} where ${one(formationId, id)} and ${isMine(leaseOwner)}`,
      ]);
    },

    async claim(formationId, { owner, until }, { now, limit }) {
      const [result] = await db.write([
        sql`update request set status = 'processing', lease_owner = ${owner}, lease_until = ${until},
            attempts = attempts + 1, started_at = coalesce(started_at, ${now})
          where formation_id = ${formationId} and id in (select id from request
            where formation_id = ${formationId} and completed_at is null and mode = 'async'
              and ((status = 'pending' and run_after <= ${now}) or (status = 'processing' and lease_until < ${now}))
            order by run_after limit ${limit} ${skipClaimed})
          returning ${columns}`,
      ]);
      return (result?.rows ?? []) as unknown as StoredRequest[];
    },

    async nextDue(formationId) {
      const [row] = await db.read<{ due: number | null }>(
        sql`select min(case when status = 'pending' then run_after else lease_until end) as due from request
          where formation_id = ${formationId} and completed_at is null and mode = 'async'
            and status in ('pending', 'processing')`,
      );
      return row?.due ?? undefined;
    },

    async renew(formationId, { owner, until }) {
      const [result] = await db.write([
        sql`update request set lease_until = ${until}
          where formation_id = ${formationId} and completed_at is null and ${isMine(owner)}
          returning id, cancel_asked`,
      ]);
      return (result?.rows ?? []).filter((row) => Number(row.cancel_asked) === 1).map(({ id }) => String(id));
    },

    async giveBack(formationId, id, leaseOwner, now) {
      await db.write([
        sql`update request set status = 'pending', lease_owner = null, lease_until = null, run_after = ${now}
          where ${one(formationId, id)} and ${isMine(leaseOwner)}`,
      ]);
    },

    async leaseOwners(formationId) {
      const rows = await db.read<{ owner: string }>(
        sql`select distinct lease_owner as owner from request
          where formation_id = ${formationId} and completed_at is null and lease_owner is not null`,
      );
      return rows.map(({ owner }) => owner);
    },

    abandoned: (formationId, { leaseOwner, now }) =>
      db.read(
        sql`select ${columns} from request
          where formation_id = ${formationId} and completed_at is null and mode = 'sync' and status = 'processing'
            and ${leaseOwner === undefined ? sql`lease_until < ${now}` : sql`lease_owner = ${leaseOwner}`}`,
      ),

    async endAbandoned(formationId, id, ending) {
      await db.write([
        sql`update request set ${ended(ending)} where ${one(formationId, id)} and completed_at is null`,
      ]);
    },

    async releaseAll(formationId, leaseOwner, now) {
      await db.write([
        sql`update request set status = 'pending', lease_owner = null, lease_until = null, run_after = ${now}
          where formation_id = ${formationId} and completed_at is null and mode = 'async' and ${isMine(leaseOwner)}`,
      ]);
    },

    async steps(formationId, id) {
      const rows = await db.read<{ key: string; result: string }>(
        sql`select key, result from request_step where formation_id = ${formationId} and request_id = ${id}`,
      );
      return new Map(rows.map(({ key, result }) => [key, result]));
    },

    async addSteps(formationId, id, steps) {
      await db.write(
        [...steps].map(
          ([key, result]) => sql`insert into request_step (formation_id, request_id, key, result)
            values (${formationId}, ${id}, ${key}, ${result}) on conflict do nothing`,
        ),
      );
    },

    async forget(formationId, before, limit) {
      const old = sql`select id from request
        where formation_id = ${formationId} and created_at < ${before}
          and (completed_at is not null or status = 'awaiting_clarification')
        order by created_at limit ${limit}`;
      const [, result] = await db.write([
        sql`delete from request_step where formation_id = ${formationId} and request_id in (${old})`,
        sql`delete from request where formation_id = ${formationId} and id in (${old})`,
      ]);
      return result?.changes ?? 0;
    },
  };
};
