import type { Database } from "./database/index.ts";
import { type Statement, sql } from "./database/index.ts";
import {
  columns,
  createEnds,
  createPublishedParts,
  type Ending,
  isMine,
  type Lease,
  one,
  type StoredRequest,
} from "./request-rows.ts";

/** The leases that processes hold on requests: the queue, and recovery from processes that have ended. */
export interface RequestLeases {
  /**
   * Takes the oldest requests that wait, of those that were begun so often (`below` not included). In a session one
   * comes after the other.
   */
  claim(
    formationId: string,
    lease: Lease,
    options: { now: number; limit: number; attempts: { from: number; below: number } },
  ): Promise<StoredRequest[]>;
  /** Renews the leases of a process and returns the requests that it holds. */
  renew(
    formationId: string,
    lease: Lease,
  ): Promise<{ id: string; mode: "sync" | "async"; cancelAsked: number }[]>;
  /** Releases the lease and returns the request to the queue. */
  release(formationId: string, id: string, leaseOwner: string, now: number): Promise<void>;
  /** The owners of leases, each with its latest renewal. */
  leaseHolders(formationId: string): Promise<Lease[]>;
  /** Foreground requests of a process that has ended. */
  abandoned(formationId: string, lease: Lease): Promise<StoredRequest[]>;
  /** Ends a request of a process that has ended, unless the lease was renewed meanwhile. */
  endAbandoned(formationId: string, id: string, lease: Lease, ending: Ending): Promise<void>;
  /** Returns the background requests of a process that has ended to the queue. */
  releaseAll(formationId: string, lease: Lease, now: number): Promise<void>;
}

const isLeft = ({ owner, until }: Lease) => sql`${isMine(owner)} and lease_until <= ${until}`;

export const createRequestLeases = (db: Database): RequestLeases => {
  const end = createEnds(db.dialect);
  const parts = createPublishedParts(db.dialect);
  const skipClaimed: Statement = { text: db.dialect.skipClaimed, values: [] };
  return {
    async claim(formationId, { owner, until }, { now, limit, attempts }) {
      const ids = sql`select id from request
        where formation_id = ${formationId} and completed_at is null and mode = 'async' and status = 'pending'
          and attempts >= ${attempts.from} and attempts < ${attempts.below}
          and not exists (select 1 from request as other
            where other.formation_id = request.formation_id and other.session_id = request.session_id
              and other.user_id = request.user_id and other.completed_at is null
              and (other.status = 'processing' or (other.status = 'pending' and other.seq < request.seq)))
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

    async release(formationId, id, leaseOwner, now) {
      await db.write([
        ...parts.forgetAll(sql`${one(formationId, id)} and ${isMine(leaseOwner)}`),
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
      await db.write([end.held(formationId, id, lease, ending)]);
    },

    async releaseAll(formationId, lease, now) {
      await db.write([
        ...parts.forgetAll(sql`formation_id = ${formationId} and ${isLeft(lease)}`),
        sql`update request set status = 'pending', lease_owner = null, lease_until = null, run_after = ${now}
          where formation_id = ${formationId} and completed_at is null and mode = 'async' and ${isLeft(lease)}`,
      ]);
    },
  };
};
