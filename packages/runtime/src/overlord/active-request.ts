import { setTimeout as sleep } from "node:timers/promises";
import { type Owner, StorageUnavailableError } from "../store/index.ts";
import { createJournal, type RequestJournal } from "./journal.ts";
import type { OverlordParts } from "./parts.ts";
import { taken } from "./reasons.ts";
import type { Run } from "./run.ts";
import type { Turn } from "./turn.ts";

/** A request that this process is at: its run, and what is known about it besides. */
export interface ActiveRequest {
  run: Run;
  turn: Turn;
  owner: Owner;
  /** Whether it goes on in another process when this one ends. */
  isAsync: boolean;
  /** Where the answer goes beside its session. */
  webhookUrl: string | null;
  startedAt: number;
  journal: RequestJournal;
}

type Parts = Pick<OverlordParts, "formationId" | "store" | "runs" | "queue" | "telemetry">;

/** Pause before what could not be stored is tried again, in milliseconds. */
export const storeAgainAfter = 5_000;

/** Where nobody waits, what the database cannot do now is tried until it can. */
export const persistently = async <T>(
  { runs, telemetry }: Pick<Parts, "runs" | "telemetry">,
  { run, isAsync }: Pick<ActiveRequest, "run" | "isAsync">,
  store: () => Promise<T>,
): Promise<T> => {
  for (;;) {
    try {
      return await store();
    } catch (error) {
      const isHopeless = !isAsync || runs.closed || run.signal.aborted;
      if (isHopeless || !(error instanceof StorageUnavailableError)) throw error;
      telemetry.log.warn({ err: error, ...run.identity }, "a request waits for the database");
      await sleep(storeAgainAfter, undefined, { ref: false });
    }
  }
};

const nothing: ReadonlyMap<string, string> = new Map();

/**
 * Begins to keep what a request has finished.
 *
 * @param finished The steps that are on disk.
 */
export const beginRequest = (
  parts: Parts,
  begun: Omit<ActiveRequest, "journal">,
  finished: ReadonlyMap<string, string> = nothing,
): ActiveRequest => {
  const { formationId, store, queue } = parts;
  const { run } = begun;
  const active: ActiveRequest = {
    ...begun,
    journal: createJournal(finished, {
      isKept: () => active.isAsync,
      async confirm() {
        await queue.confirm();
        run.signal.throwIfAborted();
      },
      async store(steps) {
        const add = () =>
          store.requests.addSteps(formationId, run.identity.requestId, queue.lease().owner, steps);
        if (!(await persistently(parts, active, add))) throw taken;
      },
    }),
  };
  return active;
};
