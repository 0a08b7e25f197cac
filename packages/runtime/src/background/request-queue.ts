import { ApiError } from "@muxi/protocol";
import type { Logger } from "pino";
import { createWorker } from "../base/index.ts";
import { EventLog } from "../events/index.ts";
import type { Hints, Lease, RequestRepository, StoredRequest } from "../store/index.ts";
import { isGone } from "./lease.ts";

/** What becomes of the requests of the queue. */
export interface RequestPerformer {
  /** Answers a request; it settles when the request has ended. */
  perform(request: StoredRequest): Promise<void>;
  /** Ends a request that cannot be answered. */
  giveUp(request: StoredRequest, error: ApiError): Promise<void>;
}

export interface RequestQueueDeps {
  formationId: string;
  requests: RequestRepository;
  /** Names this process as the holder of leases. */
  leaseOwner: string;
  /** What the processes of the database tell one another. */
  hints: Hints;
  /** Stops a request of this process that somebody elsewhere has cancelled. */
  cancel: (requestId: string) => void;
  /** The stored requests that this process is at. */
  atWork: () => Iterable<string>;
  /** Stops a request of this process that another one has taken over. */
  lose: (requestId: string) => void;
  /** Milliseconds after which a process that shows no life has lost what it held. */
  leaseTime: number;
  now: () => number;
  log: Logger;
}

/**
 * The requests in the background: their rows are the queue. A process takes what it can do, and keeps its leases as
 * long as it lives; what it leaves behind goes to the next.
 */
export interface RequestQueue {
  /** The lease under which this process works, from now on. */
  lease(): Lease;
  /**
   * Makes sure that this process still holds what it is at, after it may have been paused: what it has lost is stopped
   * when this resolves.
   */
  confirm(): Promise<void>;
  /** Has what was left over performed, then what comes. */
  start(performer: RequestPerformer): Promise<void>;
  /** Says that something waits: whoever has room for it takes it. */
  announce(): void;
  /** Takes nothing more. Resolves at once; what is under way goes on. */
  stop(): void;
  /** Ends the leases' renewal, once nothing is under way. */
  close(): Promise<void>;
}

/** Requests that are answered at the same time. */
const atOnce = 64;
/** After this time without a sign of life the others take over, in milliseconds. */
export const defaultLeaseTime = 30_000;
/** A lease is renewed so many times in its life. */
const renewals = 3;
/** How often what other processes left behind is looked for, in milliseconds. */
const pollEvery = 5_000;
const pauseAfterFailure = 1_000;
/**
 * One that was begun so often and never ended may be what ends the process: it is tried beside no other of that kind, so
 * that those which were only beside it come to their end.
 */
const suspectFrom = 4;
/** How often they are looked for, in milliseconds: at each poll, not each time a request comes or ends. */
const suspectsEvery = pollEvery / 2;
/** One that ended its process so many times is not tried again. */
const mostAttempts = 20;
/** How long requests are kept, in milliseconds, and how many are deleted at a time. */
const retention = 86_400_000;
const forgetEvery = 600_000;
const forgottenAtOnce = 2_000;

const interrupted = new ApiError(
  "SERVICE_UNAVAILABLE",
  "The formation was interrupted while it answered: send the message again",
);
const hopeless = new ApiError(
  "INTERNAL_ERROR",
  `The request was given up: the formation ended ${mostAttempts} times while it was at it`,
);

const endingOf = ({ id, sessionId }: StoredRequest, { code, message }: ApiError, now: number) => {
  const event = {
    type: "error",
    code,
    message,
    error: message,
    session_id: sessionId,
    request_id: id,
  } as const;
  return { status: "failed", error: message, log: new EventLog().serialize(event), now } as const;
};

export const createRequestQueue = (deps: RequestQueueDeps): RequestQueue => {
  const { formationId, requests, leaseOwner, leaseTime, now, log } = deps;
  const underWay = new Set<Promise<void>>();
  const performing = new Set<string>();
  let performer: RequestPerformer | undefined;
  let suspect: string | undefined;
  let suspectsSeenAt = Number.NEGATIVE_INFINITY;
  let renewedAt = performance.now();
  let forgottenAt = 0;
  /** Held by this process though it is not at them, and since when: an answer of the database was lost. */
  let astray = new Map<string, number>();
  /**
   * When each of the other holders was last seen to show life. Counted by this process's own steady clock: the times of
   * other machines, and a clock that is set, say nothing about who lives.
   */
  const seen = new Map<string, { until: number; since: number }>();

  const lease = (): Lease => ({ owner: leaseOwner, until: now() + leaseTime });

  const release = async (left: Lease) => {
    for (const request of await requests.abandoned(formationId, left)) {
      await requests.endAbandoned(formationId, request.id, left, endingOf(request, interrupted, now()));
    }
    await requests.releaseAll(formationId, left, now());
    lookForSuspects();
  };

  /** Takes from the others what they no longer hold. Processes of this machine that are gone need no time to be over. */
  const recover = async () => {
    const holders = await requests.leaseHolders(formationId);
    for (const owner of seen.keys()) {
      if (!holders.some((holder) => holder.owner === owner)) seen.delete(owner);
    }
    for (const holder of holders) {
      const { owner, until } = holder;
      if (owner === leaseOwner) continue;
      const last = seen.get(owner);
      if (last?.until !== until) seen.set(owner, { until, since: performance.now() });
      const isOver = last?.until === until && performance.now() - last.since > leaseTime;
      if (isOver || isGone(owner)) await release(holder);
    }
  };

  const perform = async (request: StoredRequest, { perform, giveUp }: RequestPerformer) => {
    performing.add(request.id);
    try {
      if (request.attempts <= mostAttempts) await perform(request);
      else await giveUp(request, hopeless);
    } catch (error) {
      log.error({ err: error, request_id: request.id }, "a request in the background could not be answered");
    } finally {
      performing.delete(request.id);
    }
  };

  const take = async (limit: number, attempts: { from: number; below: number }): Promise<number> => {
    if (!performer) return 0;
    const by = performer;
    const claimed = await requests.claim(formationId, lease(), { now: now(), limit, attempts });
    for (const request of claimed) {
      const isSuspect = request.attempts > suspectFrom;
      if (isSuspect) suspect = request.id;
      const work = perform(request, by).finally(() => {
        underWay.delete(work);
        if (!isSuspect) return wake();
        suspect = undefined;
        lookForSuspects();
      });
      underWay.add(work);
    }
    return claimed.length;
  };

  const fill = async (signal: AbortSignal): Promise<undefined> => {
    if (suspect === undefined && performance.now() - suspectsSeenAt > suspectsEvery) {
      suspectsSeenAt = performance.now();
      await take(1, { from: suspectFrom, below: Number.MAX_SAFE_INTEGER });
    }
    while (!signal.aborted && underWay.size < atOnce) {
      if ((await take(atOnce - underWay.size, { from: 0, below: suspectFrom })) === 0) return;
    }
  };

  const queueWorker = createWorker({
    what: "taking requests from the queue",
    look: fill,
    every: pollEvery,
    pauseAfterFailure,
    log,
  });
  const { wake } = queueWorker;

  const lookForSuspects = () => {
    suspectsSeenAt = Number.NEGATIVE_INFINITY;
    wake();
  };

  /** What this process holds and is not at goes back, unless it was claimed only now. */
  const sendBack = async (held: readonly { id: string; mode: "sync" | "async" }[]) => {
    const known = new Set([...deps.atWork(), ...performing]);
    const idle = held.filter(({ id }) => !known.has(id));
    const patience = leaseTime / renewals;
    for (const { id, mode } of idle) {
      const since = astray.get(id);
      if (since === undefined || performance.now() - since < patience) continue;
      log.warn({ request_id: id }, "a request was held by a process that was not at it");
      if (mode === "async") await requests.giveBack(formationId, id, leaseOwner, now());
      else {
        const request = await requests.get(formationId, id);
        if (request)
          await requests.endAbandoned(formationId, id, lease(), endingOf(request, interrupted, now()));
      }
      wake();
    }
    astray = new Map(idle.map(({ id }) => [id, astray.get(id) ?? performance.now()]));
  };

  const renew = async () => {
    const startedAt = performance.now();
    const mine = [...deps.atWork()];
    const held = await requests.renew(formationId, lease());
    renewedAt = startedAt;
    const ids = new Set(held.map(({ id }) => id));
    for (const id of mine) if (!ids.has(id)) deps.lose(id);
    for (const { id, cancelAsked } of held) if (cancelAsked === 1) deps.cancel(id);
    return held;
  };

  const lookAfterLeases = async (): Promise<undefined> => {
    await sendBack(await renew());
    await recover();
    if (now() - forgottenAt < forgetEvery && now() >= forgottenAt) return;
    const before = now() - retention;
    if ((await requests.forget(formationId, before, forgottenAtOnce)) < forgottenAtOnce) forgottenAt = now();
  };

  const leaseWorker = createWorker({
    what: "renewing the leases of requests",
    look: lookAfterLeases,
    every: leaseTime / renewals,
    pauseAfterFailure,
    log,
  });

  return {
    lease,
    async confirm() {
      if (performance.now() - renewedAt < leaseTime * (1 - 1 / renewals)) return;
      await renew();
    },
    async start(chosen) {
      performer = chosen;
      await recover();
      deps.hints.listen("queued", wake);
      deps.hints.listen("cancel", leaseWorker.wake);
      leaseWorker.wake();
      wake();
    },
    announce() {
      wake();
      if (underWay.size >= atOnce) deps.hints.send("queued");
    },
    stop() {
      void queueWorker.close();
    },
    async close() {
      await queueWorker.close();
      await Promise.all(underWay);
      await leaseWorker.close();
    },
  };
};
