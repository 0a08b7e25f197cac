import type { Database } from "./database/index.ts";
import { sql } from "./database/index.ts";
import { insertSteps, isMine, one } from "./request-rows.ts";

/** Events of a running request, after the event numbered `after`. */
export interface Published {
  requestId: string;
  after: number;
  events: string;
}

/** The events and finished steps of running requests. */
export interface RequestProgress {
  /** Publishes events to readers in other processes. False for a request whose lease this process no longer holds. */
  publish(formationId: string, leaseOwner: string, parts: readonly Published[]): Promise<boolean[]>;
  /** Published events of a request after the event numbered `after`, in order. */
  published(formationId: string, id: string, after: number): Promise<Published[]>;
  /** Finished steps of a request, by key. */
  steps(formationId: string, id: string): Promise<Map<string, string>>;
  /** False when this process no longer holds the lease; nothing was written then. */
  addSteps(
    formationId: string,
    id: string,
    leaseOwner: string,
    steps: ReadonlyMap<string, string>,
  ): Promise<boolean>;
}

export const createRequestProgress = (db: Database): RequestProgress => ({
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

  async steps(formationId, id) {
    const rows = await db.read<{ key: string; result: string }>(
      sql`select key, result from request_step where formation_id = ${formationId} and request_id = ${id}`,
    );
    return new Map(rows.map(({ key, result }) => [key, result]));
  },

  async addSteps(formationId, id, leaseOwner, steps) {
    // The update locks the row, so that no other process can take the request over in between.
    const isStill = await db.writeIf(
      sql`update request set attempts = attempts where ${one(formationId, id)} and ${isMine(leaseOwner)}`,
      insertSteps(formationId, id, steps),
    );
    return isStill !== undefined;
  },
});
