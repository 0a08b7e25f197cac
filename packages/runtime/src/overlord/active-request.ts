import { setTimeout as sleep } from "node:timers/promises";
import type { Usage } from "@muxi/protocol";
import { noUsage } from "../models/index.ts";
import { type Owner, StorageUnavailableError } from "../store/index.ts";
import { createJournal, type RequestJournal, roundsTold } from "./journal.ts";
import type { OverlordParts } from "./parts.ts";
import { taken } from "./reasons.ts";
import type { Run } from "./run.ts";
import { inputOf, type Turn } from "./turn.ts";

/** A request that this process works on: its run, and how it was accepted. */
export interface ActiveRequest {
  run: Run;
  turn: Turn;
  owner: Owner;
  /** Whether another process takes it over when this one ends. */
  isAsync: boolean;
  /** Webhook that gets the answer too. */
  webhookUrl: string | null;
  startedAt: number;
  journal: RequestJournal;
  /** Rounds in the journal that the user was told of, before the request waited for them. */
  told: number;
  /** Tokens that it has used so far. */
  usage: Usage;
  /** Requests of messages that its agent has read while it was at work. */
  heard: Set<string>;
}

type Parts = Pick<OverlordParts, "formationId" | "store" | "runs" | "queue" | "telemetry">;

/** Wait before a failed write is tried again, in milliseconds. */
export const storeAgainAfter = 5_000;

/** Tries a database operation until it succeeds, for requests that no caller waits for. */
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
 * Begins the journal of a request.
 *
 * @param finished The steps that are on disk, by key.
 */
export const beginRequest = (
  parts: Parts,
  begun: Omit<ActiveRequest, "journal" | "told" | "usage" | "heard">,
  finished: ReadonlyMap<string, string> = nothing,
): ActiveRequest => {
  const { formationId, store, queue } = parts;
  const { run } = begun;
  const active: ActiveRequest = {
    ...begun,
    usage: noUsage,
    heard: new Set(),
    told: roundsTold(finished),
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

/** Moves a request to the background: another process takes it over when this one ends. */
export const toBackground = async (
  { formationId, store, queue }: Pick<Parts, "formationId" | "store" | "queue">,
  active: ActiveRequest,
  webhookUrl: string | null,
): Promise<void> => {
  // Its steps are kept from now on.
  active.isAsync = true;
  await store.requests.toBackground(formationId, active.run.identity.requestId, queue.lease().owner, {
    input: inputOf(active.turn),
    webhookUrl,
    steps: active.journal.pending(),
  });
  active.webhookUrl = webhookUrl;
};
