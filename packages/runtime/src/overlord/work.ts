import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import { type Lease, type Owner, type RequestRepository, StorageUnavailableError } from "../store/index.ts";
import { createJournal, type RequestJournal } from "./journal.ts";
import { taken } from "./reasons.ts";
import type { Run } from "./run.ts";
import type { Runs } from "./runs.ts";
import type { Turn } from "./turn.ts";

/** A run and what is known about it beside its log. */
export interface Work {
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

export interface WorkDeps {
  formationId: string;
  requests: Pick<RequestRepository, "addSteps">;
  runs: Pick<Runs, "closed">;
  /** The lease under which this process works, from now on. */
  lease: () => Lease;
  /** Makes sure that this process still holds its requests; stops what it has lost. */
  confirmLease: () => Promise<void>;
  log: Logger;
}

/** Pause before what could not be stored is tried again, in milliseconds. */
export const storeAgainAfter = 5_000;

/** Where nobody waits, what the database cannot do now is tried until it can. */
export const persistently = async <T>(
  { runs, log }: Pick<WorkDeps, "runs" | "log">,
  { run, isAsync }: Pick<Work, "run" | "isAsync">,
  store: () => Promise<T>,
): Promise<T> => {
  for (;;) {
    try {
      return await store();
    } catch (error) {
      const isHopeless = !isAsync || runs.closed || run.signal.aborted;
      if (isHopeless || !(error instanceof StorageUnavailableError)) throw error;
      log.warn({ err: error, ...run.identity }, "a request waits for the database");
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
export const workFor = (
  deps: WorkDeps,
  work: Omit<Work, "journal">,
  finished: ReadonlyMap<string, string> = nothing,
): Work => {
  const { run } = work;
  const whole: Work = {
    ...work,
    journal: createJournal(finished, {
      isKept: () => whole.isAsync,
      async confirm() {
        await deps.confirmLease();
        run.signal.throwIfAborted();
      },
      async store(steps) {
        const add = () =>
          deps.requests.addSteps(deps.formationId, run.identity.requestId, deps.lease().owner, steps);
        if (!(await persistently(deps, whole, add))) throw taken;
      },
    }),
  };
  return whole;
};
