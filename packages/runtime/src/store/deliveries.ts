import type { Database } from "./database/index.ts";
import { list, type Statement, sql } from "./database/index.ts";
import { afterNamed, type NamedPage } from "./list-page.ts";

export type DeliveryStatus = "pending" | "sent" | "failed";

export interface NewDelivery {
  id: string;
  formationId: string;
  userId: string;
  requestId: string;
  /** The status of the request that it reports. */
  event: string;
  target: string;
  origin: string;
  /** Exactly what is signed and sent. */
  body: string;
  now: number;
}

/** A delivery that this process holds a lease on. */
export interface ClaimedDelivery {
  id: string;
  requestId: string;
  event: string;
  target: string;
  origin: string;
  body: string;
  /** Failed attempts so far. */
  attempts: number;
}

/** A row of the delivery log. */
export interface LoggedDelivery {
  id: string;
  requestId: string;
  userId: string;
  event: string;
  target: string;
  status: DeliveryStatus;
  attempts: number;
  nextAttemptAt: number;
  createdAt: number;
  endedAt: number | null;
  responseStatus: number | null;
  error: string | null;
}

/** The outcome of one attempt. */
export interface Attempt {
  now: number;
  responseStatus: number | null;
  error: string | null;
}

/**
 * What counts as due: rows whose time has come, and rows whose time lies beyond `farthest`, which happens only after
 * the clock was set back.
 */
export interface DueTime {
  now: number;
  farthest: number;
}

/** The webhook outbox of a formation. Only the process that holds the lease on a delivery can change it. */
export interface DeliveryRepository {
  /** Statement that adds a delivery, for the transaction of what it reports. */
  insert(delivery: NewDelivery): Statement;
  /** Origins with a due delivery, the longest waiting first. */
  dueOrigins(formationId: string, time: DueTime, except: readonly string[]): Promise<string[]>;
  /** Leases the oldest due deliveries of one origin until `until`. */
  claim(
    formationId: string,
    origin: string,
    lease: { owner: string; limit: number; due: DueTime; until: number },
  ): Promise<ClaimedDelivery[]>;
  /** When the next delivery is due, in Unix milliseconds; undefined when none is pending. */
  nextDue(formationId: string, except: readonly string[]): Promise<number | undefined>;
  /** Ends a delivery and deletes its body. */
  end(id: string, owner: string, status: "sent" | "failed", attempt: Attempt): Promise<void>;
  /** Records a failed attempt and when the next one is due. */
  retry(id: string, owner: string, attempt: Attempt, runAfter: number): Promise<void>;
  /** Releases the lease without counting an attempt. */
  release(id: string, owner: string, now: number): Promise<void>;
  /** The owners of leases. */
  leaseOwners(formationId: string): Promise<string[]>;
  /** Releases all leases of an owner. */
  releaseAll(formationId: string, leaseOwner: string, now: number): Promise<void>;
  /** Deletes deliveries that ended before a time, at most `limit`, and returns how many. */
  forget(formationId: string, before: number, limit: number): Promise<number>;
  /** The log, newest first. */
  list(
    formationId: string,
    filter: NamedPage & { status?: DeliveryStatus | undefined; requestId?: string | undefined },
  ): Promise<LoggedDelivery[]>;
}

/** Written out, so that an index of those with a status can be used. */
const withStatus: Readonly<Record<DeliveryStatus, Statement>> = {
  pending: sql`and status = 'pending'`,
  sent: sql`and status = 'sent'`,
  failed: sql`and status = 'failed'`,
};

export const createDeliveryRepository = (db: Database): DeliveryRepository => {
  const insert = db.dialect.each({
    given: {
      id: "text",
      formation_id: "text",
      user_id: "text",
      request_id: "text",
      event: "text",
      target: "text",
      origin: "text",
      body: "text",
      now: "bigint",
    },
    text: `insert into delivery (id, formation_id, user_id, request_id, event, target, origin, body, status, attempts,
        run_after, created_at)
      select given.id, given.formation_id, given.user_id, given.request_id, given.event, given.target, given.origin,
        given.body, 'pending', 0, given.now, given.now from given`,
  });
  const skipClaimed: Statement = { text: db.dialect.skipClaimed, values: [] };
  const pendingOf = (formationId: string) => sql`formation_id = ${formationId} and status = 'pending'`;
  const isDue = ({ now, farthest }: DueTime) => sql`(run_after <= ${now} or run_after > ${farthest})`;
  const isMine = (id: string, owner: string) =>
    sql`id = ${id} and status = 'pending' and lease_owner = ${owner}`;
  const notOf = (origins: readonly string[]) =>
    origins.length === 0 ? sql`` : sql`and origin not in (${list(origins)})`;

  return {
    insert: ({ formationId, userId, requestId, ...delivery }) =>
      insert({ formation_id: formationId, user_id: userId, request_id: requestId, ...delivery }, delivery.id),

    async dueOrigins(formationId, time, except) {
      const rows = await db.read<{ origin: string }>(
        sql`select origin from delivery where ${pendingOf(formationId)} and ${isDue(time)} ${notOf(except)}
          group by origin order by min(run_after)`,
      );
      return rows.map(({ origin }) => origin);
    },

    async claim(formationId, origin, { owner, limit, due, until }) {
      const [result] = await db.write([
        sql`update delivery set run_after = ${until}, lease_owner = ${owner}
          where id in (select id from delivery
            where ${pendingOf(formationId)} and origin = ${origin} and ${isDue(due)}
            order by run_after limit ${limit} ${skipClaimed})
          returning id, request_id, event, target, body, attempts`,
      ]);
      return (result?.rows ?? []).map((row) => ({
        id: String(row.id),
        requestId: String(row.request_id),
        event: String(row.event),
        target: String(row.target),
        origin,
        body: String(row.body),
        attempts: Number(row.attempts),
      }));
    },

    async nextDue(formationId, except) {
      const [row] = await db.read<{ due: number | null }>(
        sql`select min(run_after) as due from delivery where ${pendingOf(formationId)} ${notOf(except)}`,
      );
      return row?.due === null || row?.due === undefined ? undefined : Number(row.due);
    },

    async end(id, owner, status, { now, responseStatus, error }) {
      await db.write([
        sql`update delivery set status = ${status}, attempts = attempts + 1, body = null, lease_owner = null,
            ended_at = ${now}, response_status = ${responseStatus}, error = ${error}
          where ${isMine(id, owner)}`,
      ]);
    },

    async retry(id, owner, { responseStatus, error }, runAfter) {
      await db.write([
        sql`update delivery set attempts = attempts + 1, run_after = ${runAfter}, lease_owner = null,
            response_status = ${responseStatus}, error = ${error}
          where ${isMine(id, owner)}`,
      ]);
    },

    async release(id, owner, now) {
      await db.write([
        sql`update delivery set run_after = ${now}, lease_owner = null where ${isMine(id, owner)}`,
      ]);
    },

    async leaseOwners(formationId) {
      const rows = await db.read<{ owner: string }>(
        sql`select distinct lease_owner as owner from delivery
          where ${pendingOf(formationId)} and lease_owner is not null`,
      );
      return rows.map(({ owner }) => owner);
    },

    async releaseAll(formationId, leaseOwner, now) {
      await db.write([
        sql`update delivery set run_after = ${now}, lease_owner = null
          where ${pendingOf(formationId)} and lease_owner = ${leaseOwner}`,
      ]);
    },

    async forget(formationId, before, limit) {
      // A delivery ends after its creation, which is what the index is on.
      const [result] = await db.write([
        sql`delete from delivery where id in (select id from delivery
            where formation_id = ${formationId} and created_at < ${before} and status <> 'pending'
              and ended_at < ${before}
            order by created_at limit ${limit})`,
      ]);
      return result?.changes ?? 0;
    },

    async list(formationId, { status, requestId, limit, before }) {
      // Those of a request are few: sorted by the column itself, SQLite would look for them among all by their time.
      const time = requestId === undefined ? sql`created_at` : sql`+created_at`;
      const rows = await db.read<LoggedDelivery>(
        sql`select id, request_id as "requestId", user_id as "userId", event, target, status, attempts,
            run_after as "nextAttemptAt", created_at as "createdAt", ended_at as "endedAt",
            response_status as "responseStatus", error
          from delivery where formation_id = ${formationId}
            ${status === undefined ? sql`` : withStatus[status]}
            ${requestId === undefined ? sql`` : sql`and request_id = ${requestId}`}
            ${afterNamed(sql`id`, before)}
          order by ${time} desc, id desc limit ${limit}`,
      );
      return rows;
    },
  };
};
