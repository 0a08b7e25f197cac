import type { Database } from "./database/index.ts";
import { type Statement, sql, textRows } from "./database/index.ts";
import { afterPlace, type ListPage } from "./list-page.ts";
import { createQueuedMessages, type QueuedMessages } from "./queued-messages.ts";
import { createRequestLeases, type RequestLeases } from "./request-leases.ts";
import { createRequestProgress, type RequestProgress } from "./request-progress.ts";
import {
  asks,
  columns,
  createEnds,
  createInsertion,
  createPublishedParts,
  type Ending,
  type Idempotency,
  insertSteps,
  isMine,
  type Lease,
  type ListedRequest,
  type NewRequest,
  one,
  type StoredRequest,
} from "./request-rows.ts";
import { inSession, type Owner } from "./sessions.ts";
import { keepUsage } from "./usage.ts";

/** Which requests to list. */
export interface WhichRequests {
  /** Undefined for those of all users. */
  userId: string | undefined;
  /** Whether only those that wait for their user. */
  isWaiting?: boolean | undefined;
}

/** The requests of one formation: how they come, go on and end. */
export interface RequestRepository extends RequestLeases, RequestProgress, QueuedMessages {
  /** Statement that puts a request into the queue; it fails when the id or the idempotency key is taken. */
  insert(owner: Owner, request: NewRequest): Statement;
  /** The same for a request that this process begins to answer at once, under a lease. */
  begin(owner: Owner, request: Omit<NewRequest, "input"> & { lease: Lease }): Statement;
  /** Whether that is why a write failed. */
  isUniqueViolation(error: unknown): boolean;
  /** Those with the id or with the owner's idempotency key. */
  find(owner: Owner, id: string, key: string | undefined): Promise<StoredRequest[]>;
  get(formationId: string, id: string): Promise<StoredRequest | undefined>;
  /** Newest first. */
  list(formationId: string, which: WhichRequests, page: ListPage): Promise<ListedRequest[]>;
  /** The newest request of a session that waits for an answer from its user. */
  awaiting(owner: Owner, sessionId: string): Promise<StoredRequest | undefined>;
  /** The request whose question is the last message of a session. */
  asking(owner: Owner, sessionId: string): Promise<StoredRequest | undefined>;
  /**
   * Resumes a request that waits for an answer from its user.
   *
   * @param call The session and the idempotency key of the call that answers.
   * @param also What is written in the same transaction.
   * @returns False when the request no longer waits; nothing was written then.
   */
  resume(
    owner: Owner,
    id: string,
    call: { sessionId: string; lease: Lease; idempotency: Idempotency | undefined },
    also: readonly Statement[],
  ): Promise<boolean>;
  /**
   * Returns a request that has failed or was cancelled to the queue, where its call is repeated. Its message is stored,
   * and what it answered before it failed is deleted. Does nothing when that was done meanwhile.
   */
  again(
    owner: Owner,
    request: Pick<NewRequest, "id" | "sessionId" | "input" | "webhookUrl" | "now"> & {
      idempotency: Idempotency;
    },
  ): Promise<void>;
  /**
   * Returns a request to the queue once its user has answered: it goes on in its journal.
   *
   * @param call `asked` is the log with what it waits for, `place` is where in the journal the answer belongs, `input` takes the place of what is stored.
   * @param also What is written in the same transaction.
   * @returns False when the request no longer waits; nothing was written then.
   */
  goOn(
    owner: Owner,
    id: string,
    call: {
      sessionId: string;
      asked: string | null;
      place: string;
      answer: string;
      input: string;
      idempotency: Idempotency | undefined;
      now: number;
    },
    also: readonly Statement[],
  ): Promise<boolean>;
  /**
   * Ends a request that this process holds the lease on.
   *
   * @param journal Of a request that goes on in its journal once its user has answered: the steps that are not there yet,
   * and what is needed to begin it again. Without it, the journal is dropped where the request waits.
   * @param also What follows from the end, written in the same transaction.
   * @returns False when it has already ended or another process holds the lease; nothing was written then.
   */
  finish(
    formationId: string,
    id: string,
    leaseOwner: string,
    ending: Ending,
    also: readonly Statement[],
    journal?: { input: string; steps: ReadonlyMap<string, string> },
  ): Promise<boolean>;
  /** Ends a request that no process works on. False when one does, or it has already ended. */
  finishWaiting(formationId: string, id: string, ending: Ending): Promise<boolean>;
  /**
   * Ends a request that still waits for what its log says. False when it was answered meanwhile.
   *
   * @param also What follows from the end, written in the same transaction.
   */
  drop(
    formationId: string,
    id: string,
    asked: string | null,
    ending: Ending,
    also: readonly Statement[],
  ): Promise<boolean>;
  /** Requests that wait for an answer whose time may be over, those first that have waited longest. */
  overdue(formationId: string, now: number, limit: number): Promise<StoredRequest[]>;
  /** Requests cancellation from the process that works on it. */
  requestCancel(formationId: string, id: string): Promise<void>;
  /** Moves a foreground request to the background, where it survives the end of this process. */
  toBackground(
    formationId: string,
    id: string,
    leaseOwner: string,
    how: { input: string; webhookUrl: string | null; steps: ReadonlyMap<string, string> },
  ): Promise<void>;
  /**
   * Deletes at most `limit` requests that ended before a time, or that were created before it and still wait for an
   * answer. Returns how many were deleted.
   */
  forget(formationId: string, before: number, limit: number): Promise<number>;
}

export const createRequestRepository = (db: Database): RequestRepository => {
  const insert = createInsertion(db.dialect);
  const end = createEnds(db.dialect);
  const parts = createPublishedParts(db.dialect);
  return {
    insert: (owner, request) => insert(owner, request, undefined),
    begin: (owner, { lease, ...request }) => insert(owner, { ...request, input: null }, lease),

    isUniqueViolation: (error) => db.dialect.isUniqueViolation(error),

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

    list(formationId, { userId, isWaiting }, { limit, before }) {
      // Few wait, and have an index: by those of user and time, all requests would be gone through.
      const [user, time] = isWaiting
        ? [sql`(user_id || '')`, sql`(created_at + 0)`]
        : [sql`user_id`, sql`created_at`];
      return db.read(
        sql`select ${columns}, seq from request where formation_id = ${formationId}
          ${userId === undefined ? sql`` : sql`and ${user} = ${userId}`}
          ${isWaiting ? sql`and completed_at is null and status = 'awaiting_clarification'` : sql``}
          ${afterPlace(time, before)}
          order by ${time} desc, seq desc limit ${limit}`,
      );
    },

    async awaiting({ formationId, userId }, sessionId) {
      // Ordered by `created_at`, SQLite would read all requests of the user.
      const [row] = await db.read<StoredRequest>(
        sql`select ${columns} from request
          where formation_id = ${formationId} and user_id = ${userId} and session_id = ${sessionId}
            and completed_at is null and status = 'awaiting_clarification'
          order by seq desc limit 1`,
      );
      return row;
    },

    async asking(owner, sessionId) {
      const { formationId, userId } = owner;
      const [row] = await db.read<StoredRequest>(
        sql`select ${columns} from request
          where formation_id = ${formationId} and user_id = ${userId} and session_id = ${sessionId}
            and completed_at is null and status = 'awaiting_clarification'
            and id = (select request_id from message
              where ${inSession(owner, sessionId)} order by seq desc limit 1)`,
      );
      return row;
    },

    async resume({ formationId, userId }, id, { sessionId, lease, idempotency }, also) {
      const done = await db.writeIf(
        sql`update request set status = 'processing', mode = 'sync', cancel_asked = 0, lease_owner = ${lease.owner},
            lease_until = ${lease.until}
            ${idempotency ? sql`, idempotency_key = ${idempotency.key}, body_hash = ${idempotency.hash}` : sql``}
          where ${one(formationId, id)} and user_id = ${userId} and session_id = ${sessionId}
            and status = 'awaiting_clarification'`,
        also,
      );
      return done !== undefined;
    },

    async goOn({ formationId, userId }, id, call, also) {
      const { sessionId, asked, place, answer, input, idempotency, now } = call;
      const done = await db.writeIf(
        sql`update request set status = 'pending', mode = 'async', attempts = 0, input = ${input}, log = null,
            run_after = ${now}, cancel_asked = 0
            ${idempotency ? sql`, idempotency_key = ${idempotency.key}, body_hash = ${idempotency.hash}` : sql``}
          where ${one(formationId, id)} and user_id = ${userId} and session_id = ${sessionId}
            and status = 'awaiting_clarification' and log = ${asked}`,
        [...insertSteps(formationId, id, new Map([[place, answer]])), ...also],
      );
      return done !== undefined;
    },

    async finish(formationId, id, leaseOwner, ending, also, journal) {
      const done = await db.writeIf(
        end.held(formationId, id, { owner: leaseOwner, until: Number.MAX_SAFE_INTEGER }, ending),
        [
          ...also,
          ...parts.forget(formationId, id),
          ...(ending.until === undefined
            ? []
            : [sql`update request set run_after = ${ending.until} where ${one(formationId, id)}`]),
          ...(journal
            ? [
                sql`update request set input = ${journal.input} where ${one(formationId, id)}`,
                ...insertSteps(formationId, id, journal.steps),
              ]
            : []),
          // After the answer, the request takes other steps.
          ...(ending.status === "awaiting_clarification" && !journal
            ? [sql`delete from request_step where formation_id = ${formationId} and request_id = ${id}`]
            : []),
        ],
      );
      return done !== undefined;
    },

    async again(owner, { id, sessionId, input, webhookUrl, idempotency, now }) {
      await db.writeIf(
        sql`update request set status = 'pending', mode = 'async', input = ${input}, webhook_url = ${webhookUrl},
              idempotency_key = ${idempotency.key}, attempts = 0, run_after = ${now}, cancel_asked = 0,
              started_at = null, completed_at = null, error = null, log = null
            where ${one(owner.formationId, id)} and user_id = ${owner.userId} and status in ('failed', 'cancelled')
              and body_hash = ${idempotency.hash}`,
        [
          sql`delete from message
            where ${inSession(owner, sessionId)} and request_id = ${id} and role = 'assistant'`,
          sql`delete from request_step where formation_id = ${owner.formationId} and request_id = ${id}`,
        ],
      );
    },

    async finishWaiting(formationId, id, ending) {
      const [result] = await db.write([end.waiting(formationId, id, ending)]);
      return result?.changes === 1;
    },

    async drop(formationId, id, asked, ending, also) {
      const done = await db.writeIf(
        sql`update request set attempts = attempts
          where ${one(formationId, id)} and status = 'awaiting_clarification' and log = ${asked}`,
        [end.waiting(formationId, id, ending), ...also],
      );
      return done !== undefined;
    },

    overdue: (formationId, now, limit) =>
      db.read(
        sql`select ${columns} from request
          where formation_id = ${formationId} and completed_at is null and status = 'awaiting_clarification'
            and run_after <= ${now}
          order by run_after limit ${limit}`,
      ),

    async requestCancel(formationId, id) {
      await db.write([sql`update request set cancel_asked = ${asks.cancel} where ${one(formationId, id)}`]);
      db.hints.send({ topic: "cancel", formationId });
    },

    async toBackground(formationId, id, leaseOwner, { input, webhookUrl, steps }) {
      await db.writeIf(
        sql`update request set mode = 'async', attempts = 1, input = ${input}, webhook_url = ${webhookUrl}
          where ${one(formationId, id)} and ${isMine(leaseOwner)}`,
        insertSteps(formationId, id, steps),
      );
    },

    async forget(formationId, before, limit) {
      // A request ends after its creation, which is what the index is on.
      const old = sql`select id from request
        where formation_id = ${formationId} and created_at < ${before}
          and (completed_at < ${before} or status = 'awaiting_clarification')
        order by created_at limit ${limit}`;
      const found = await db.read<{ id: string }>(old);
      if (found.length === 0) return 0;
      const ids = textRows(
        db.dialect,
        found.map(({ id }) => id),
      );
      const which = sql`formation_id = ${formationId} and id in ${ids}
        and (completed_at < ${before} or status = 'awaiting_clarification')`;
      const theirs = sql`formation_id = ${formationId} and request_id in ${ids}`;
      const results = await db.write([
        // Holds them: one that goes on meanwhile would be counted and stay.
        sql`update request set attempts = attempts where ${which}`,
        keepUsage(which),
        sql`delete from request_part where ${theirs} and request_id in (select id from request where ${which})`,
        sql`delete from request_step where ${theirs} and request_id in (select id from request where ${which})`,
        sql`delete from request where ${which}`,
      ]);
      return results.at(-1)?.changes ?? 0;
    },

    ...createRequestLeases(db),
    ...createRequestProgress(db),
    ...createQueuedMessages(db),
  };
};
