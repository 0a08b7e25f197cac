import { ApiError } from "@muxi/protocol";
import type { EventLog } from "../events/index.ts";
import { Run, type RunIdentity } from "./run.ts";

/** The requests that this process works on. */
export interface Runs {
  /**
   * Begins a run. After `stopAll` it is stopped at once.
   *
   * @throws ApiError `CONFLICT` when a run of that id is under way.
   */
  start(identity: RunIdentity, log?: EventLog): Run;
  /** Calls the listener with every run that starts from now on. */
  onStart(listener: (run: Run) => void): void;
  /** Removes a run that has ended. */
  finish(run: Run): void;
  get(requestId: string): Run | undefined;
  /** Whether a request of this session is being answered here, even if it is not stored yet. */
  isAtWorkIn(userId: string, sessionId: string): boolean;
  /** Has the runs of a session look for messages that are meant for their agents. */
  steer(userId: string, sessionId: string): void;
  /** Runs whose request is stored, under the lease of this process. */
  stored(): Run[];
  readonly active: number;
  /** Number of runs since the start. */
  readonly total: number;
  /** Whether `stopAll` was called. */
  readonly closed: boolean;
  /** Stops all runs, and those that are started later. */
  stopAll(reason: ApiError): void;
  /** Resolves when nothing runs any more. */
  idle(): Promise<void>;
}

/** Error for a request id that is taken. */
export const knownRequest = (requestId: string) =>
  new ApiError("CONFLICT", `Request '${requestId}' already exists: send a new request_id for a new message`);

const placeOf = ({ userId, sessionId }: Pick<RunIdentity, "userId" | "sessionId">) =>
  `${userId.length} ${userId}${sessionId}`;

export const createRuns = (): Runs => {
  const startListeners: ((run: Run) => void)[] = [];
  const active = new Map<string, Run>();
  /** Active runs by user and session. */
  const inSession = new Map<string, Set<Run>>();
  const waiting: (() => void)[] = [];
  let total = 0;
  let closedFor: ApiError | undefined;

  return {
    start(identity, log) {
      if (active.has(identity.requestId)) throw knownRequest(identity.requestId);
      const run = new Run(identity, log);
      active.set(identity.requestId, run);
      const place = placeOf(identity);
      inSession.set(place, (inSession.get(place) ?? new Set()).add(run));
      total += 1;
      for (const listener of startListeners) listener(run);
      if (closedFor) run.stop(closedFor);
      return run;
    },
    onStart(listener) {
      startListeners.push(listener);
    },
    finish(run) {
      if (active.delete(run.identity.requestId)) {
        const place = placeOf(run.identity);
        const others = inSession.get(place);
        others?.delete(run);
        if (others?.size === 0) inSession.delete(place);
      }
      if (active.size === 0) for (const resolve of waiting.splice(0)) resolve();
    },
    get: (requestId) => active.get(requestId),
    isAtWorkIn: (userId, sessionId) => inSession.has(placeOf({ userId, sessionId })),
    steer(userId, sessionId) {
      for (const run of inSession.get(placeOf({ userId, sessionId })) ?? []) run.isSteered = true;
    },
    stored: () => [...active.values()].filter((run) => run.isStored),
    get active() {
      return active.size;
    },
    get total() {
      return total;
    },
    get closed() {
      return closedFor !== undefined;
    },
    stopAll(reason) {
      closedFor = reason;
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
