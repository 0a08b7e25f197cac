import { setTimeout as sleep } from "node:timers/promises";
import type { Manifest } from "@muxi/formation";
import type { Logger } from "pino";
import { createWorker } from "../base/index.ts";
import type { Store } from "../store/index.ts";
import { newLeaseOwner } from "./lease.ts";

const kinds = [
  "requests",
  "messages",
  "deliveries",
  "audit",
  "ingestions",
  "jobs",
  "memories",
  "usage",
] as const;

type Kind = (typeof kinds)[number];

export interface RetentionDeps {
  formationId: string;
  /** For how many milliseconds what is kept; without a number, for ever. Memories, from when they have expired. */
  keptFor: Pick<Manifest["retention"], Exclude<Kind, "memories">> & { memories: number };
  store: Pick<
    Store,
    | "audit"
    | "deliveries"
    | "ingestions"
    | "jobs"
    | "memories"
    | "requests"
    | "retentionTurns"
    | "sessions"
    | "usage"
  >;
  now: () => number;
  log: Logger;
}

/** Milliseconds between two looks for what is old, whichever process looks. */
const every = 3_600_000;
const pauseAfterFailure = 60_000;
/** Milliseconds after which another process may go on when the one that deletes has ended. */
const turnLasts = 300_000;
/** Rows of a table that go in one transaction: a few milliseconds, in which SQLite does nothing else. */
const atOnce = 200;
/** Between two transactions chats have the database: at least so many milliseconds, and so many times what one took. */
const leastPause = 50;
const pauseRatio = 4;

/**
 * Deletes what is older than it is to be kept (docs/spec/formation-files.md "Manifest: retention"), a little at a time and
 * in one process at a time.
 */
export const createRetention = (deps: RetentionDeps) => {
  const { formationId, keptFor, store, now, log } = deps;
  const holder = newLeaseOwner();

  const take = (lasts: number): Promise<boolean> =>
    store.retentionTurns.take(formationId, {
      holder,
      now: now(),
      until: now() + lasts,
      farthest: now() + every,
    });

  const tables: Record<Kind, Pick<Store["audit"], "forget">> = {
    requests: store.requests,
    messages: store.sessions,
    deliveries: store.deliveries,
    audit: store.audit,
    ingestions: store.ingestions,
    jobs: store.jobs,
    memories: store.memories,
    usage: store.usage,
  };

  const look = async (signal: AbortSignal): Promise<number> => {
    const deleted: Partial<Record<Kind, number>> = {};
    for (const kind of kinds) {
      const lasts = keptFor[kind];
      if (lasts === undefined) continue;
      // What grows old meanwhile waits for the next look: there would be no end to it, and no turn for the others.
      const before = now() - lasts;
      for (;;) {
        if (!(await take(turnLasts))) return turnLasts;
        const begun = performance.now();
        const count = await tables[kind].forget(formationId, before, atOnce);
        if (count === 0) break;
        deleted[kind] = (deleted[kind] ?? 0) + count;
        const pause = Math.max(leastPause, (performance.now() - begun) * pauseRatio);
        await sleep(pause, undefined, { signal, ref: false });
      }
    }
    await take(every);
    if (Object.keys(deleted).length > 0)
      log.info({ rows: deleted }, "what was older than it is kept is deleted");
    return every;
  };

  const worker = createWorker({ what: "deleting what is old", look, pauseAfterFailure, log });
  return { start: worker.wake, close: worker.close };
};
