import { ApiError } from "@muxi/protocol";
import { Run, type RunIdentity } from "./run.ts";

/** How long an ended run can be replayed, in milliseconds, and how many are kept at most. */
const retention = 300_000;
const maximumKept = 1_000;

/** The requests of this process: those at work, and for a while those that ended. */
export interface Runs {
  /** @throws ApiError `CONFLICT` when a run of that id is known. */
  start(identity: RunIdentity): Run;
  /** Keeps the ended run for replays, and in the end forgets it. */
  finish(run: Run): void;
  get(requestId: string): Run | undefined;
  readonly active: number;
  /** Since the start. */
  readonly total: number;
  /** Stops what still runs. */
  stopAll(reason: ApiError): void;
  /** Resolves when nothing runs any more. */
  idle(): Promise<void>;
}

export const createRuns = (deps: { now: () => number }): Runs => {
  const active = new Map<string, Run>();
  const ended = new Map<string, { run: Run; at: number }>();
  const waiting: (() => void)[] = [];
  let total = 0;

  // Insertion order is the order of ending, so the oldest are at the front.
  const forget = () => {
    const tooOld = deps.now() - retention;
    for (const [id, { at }] of ended) {
      if (at > tooOld && ended.size <= maximumKept) return;
      ended.delete(id);
    }
  };

  return {
    start(identity) {
      if (active.has(identity.requestId) || ended.has(identity.requestId)) {
        throw new ApiError(
          "CONFLICT",
          `Request '${identity.requestId}' exists already: send a new request_id for a new message`,
        );
      }
      const run = new Run(identity);
      active.set(identity.requestId, run);
      total += 1;
      return run;
    },
    finish(run) {
      const { requestId } = run.identity;
      active.delete(requestId);
      ended.set(requestId, { run, at: deps.now() });
      forget();
      if (active.size === 0) for (const resolve of waiting.splice(0)) resolve();
    },
    get(requestId) {
      forget();
      return active.get(requestId) ?? ended.get(requestId)?.run;
    },
    get active() {
      return active.size;
    },
    get total() {
      return total;
    },
    stopAll(reason) {
      for (const run of active.values()) run.stop(reason);
    },
    idle: () =>
      active.size === 0
        ? Promise.resolve()
        : new Promise((resolve) => {
            waiting.push(resolve);
          }),
  };
};
