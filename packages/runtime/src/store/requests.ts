import type { Database } from "./database/index.ts";
import { type Statement, sql } from "./database/index.ts";
import { createRequestLeases, type RequestLeases } from "./request-leases.ts";
import { createRequestProgress, type RequestProgress } from "./request-progress.ts";
import {
  columns,
  type Ending,
  ended,
  forgetPublished,
  type Idempotency,
  insertSteps,
  isMine,
  type Lease,
  type NewRequest,
  one,
  type StoredRequest,
} from "./request-rows.ts";
import { inSession, type Owner } from "./sessions.ts";

/** The requests of one formation: how they come, go on and end. */
export interface RequestRepository extends RequestLeases, RequestProgress {
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
  /** The request whose question is the last that was said in a session. */
  asking(owner: Owner, sessionId: string): Promise<StoredRequest | undefined>;
  /**
   * Goes on with a request whose user was asked something.
   *
   * @param call The session, and the idempotency key of the call that goes on with it.
   * @param also What is written with it, in the same transaction.
   * @returns False when it does not wait any more: nothing was written.
   */
  goOn(
    owner: Owner,
    id: string,
    call: { sessionId: string; lease: Lease; idempotency: Idempotency | undefined },
    also: readonly Statement[],
  ): Promise<boolean>;
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
  /** Deletes requests that ended before a time, or were asked before it and never answered; at most `limit`. */
  forget(formationId: string, before: number, limit: number): Promise<number>;
}

export const createRequestRepository = (db: Database): RequestRepository => ({
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
    // By `created_at`, SQLite would go through all requests of the user for their order.
    const [row] = await db.read<StoredRequest>(
      sql`select ${columns} from request
          where formation_id = ${formationId} and user_id = ${userId} and session_id = ${sessionId}
            and status = 'awaiting_clarification'
          order by seq desc limit 1`,
    );
    return row;
  },

  async asking(owner, sessionId) {
    const { formationId, userId } = owner;
    const [row] = await db.read<StoredRequest>(
      sql`select ${columns} from request
          where formation_id = ${formationId} and user_id = ${userId} and session_id = ${sessionId}
            and status = 'awaiting_clarification'
            and id = (select request_id from message
              where ${inSession(owner, sessionId)} order by seq desc limit 1)`,
    );
    return row;
  },

  async goOn({ formationId, userId }, id, { sessionId, lease, idempotency }, also) {
    const done = await db.writeIf(
      sql`update request set status = 'processing', mode = 'sync', lease_owner = ${lease.owner},
            lease_until = ${lease.until}
            ${idempotency ? sql`, idempotency_key = ${idempotency.key}, body_hash = ${idempotency.hash}` : sql``}
          where ${one(formationId, id)} and user_id = ${userId} and session_id = ${sessionId}
            and status = 'awaiting_clarification'`,
      also,
    );
    return done !== undefined;
  },

  async finish(formationId, id, leaseOwner, ending, also) {
    const done = await db.writeIf(
      sql`update request set ${ended(ending)} where ${one(formationId, id)} and ${isMine(leaseOwner)}`,
      [
        ...forgetPublished(db, one(formationId, id)),
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
      insertSteps(formationId, id, steps),
    );
  },

  async forget(formationId, before, limit) {
    // None ends before it was created, and the index is by that.
    const old = sql`select id from request
        where formation_id = ${formationId} and created_at < ${before}
          and (completed_at < ${before} or status = 'awaiting_clarification')
        order by created_at limit ${limit}`;
    const [, , result] = await db.write([
      sql`delete from request_part where formation_id = ${formationId} and request_id in (${old})`,
      sql`delete from request_step where formation_id = ${formationId} and request_id in (${old})`,
      sql`delete from request where formation_id = ${formationId} and id in (${old})`,
    ]);
    return result?.changes ?? 0;
  },

  ...createRequestLeases(db),
  ...createRequestProgress(db),
});
