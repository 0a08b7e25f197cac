import { ApiError } from "@muxi/protocol";
import type { Logger } from "pino";
import { createWorker } from "../base/index.ts";
import { EventLog } from "../events/index.ts";
import type { Hints, Lease, RequestRepository, StoredRequest } from "../store/index.ts";
import { isGone } from "./lease.ts";

/** Handles the requests that the queue takes. */
export interface RequestPerformer {
  /** Answers a request. Settles when the request has ended. */
  perform(request: StoredRequest): Promise<void>;
  /** Ends a request that cannot be answered. */
  giveUp(request: StoredRequest, error: ApiError): Promise<void>;
}

export interface RequestQueueDeps {
  formationId: string;
  requests: RequestRepository;
  /** Identifies this process as the holder of leases. */
  leaseOwner: string;
  /** Notifications between the processes that share the database. */
  hints: Hints;
  /** Tells a request of this process what was asked of it. */
  heed: (requestId: string, what: number) => void;
  /** Ids of the stored requests that this process is working on. */
  atWork: () => Iterable<string>;
  /** Stops a request of this process that another process has taken over. */
  lose: (requestId: string) => void;
  /** Milliseconds after which a process that does not renew its leases has lost them. */
  leaseTime: number;
  now: () => number;
  log: Logger;
}

/**
 * The background requests. Their rows in the database are the queue: each process claims as many as it has room for and
 * renews its leases while it lives; the requests of a process that dies go to another one.
 */
export interface RequestQueue {
  /** A lease of this process that begins now. */
  lease(): Lease;
  /**
   * Checks that this process still holds its requests, since it may have been suspended in the meantime. Those that it
   * has lost are stopped when this resolves.
   */
  confirm(): Promise<void>;
  /** Takes over what other processes left behind, then serves the queue. */
  start(performer: RequestPerformer): Promise<void>;
  /** Says that a request is waiting: a process that has room takes it. */
  announce(): void;
  /** Says that something was asked of a request under way, in whichever process it is. */
  heed(): void;
  /** Claims nothing more, and resolves when a claim under way has ended. Requests under way go on. */
  stop(): Promise<void>;
  /** Waits for what is under way, then stops renewing leases. */
  close(): Promise<void>;
}

/** Most requests that one process answers at the same time. */
const atOnce = 64;
/** How long a lease lasts unless it is renewed, in milliseconds. */
export const defaultLeaseTime = 30_000;
/** How many times a lease is renewed before it would end. */
const renewals = 3;
/** How often to look for requests that other processes left behind, in milliseconds. */
const pollEvery = 5_000;
const pauseAfterFailure = 1_000;
/**
 * A request that was begun this often and never ended may be what crashes the process. Such suspects are tried one at a
 * time, so that requests that merely ran beside the culprit can finish.
 */
const suspectFrom = 4;
/**
 * Least time between two looks for suspects, in milliseconds: each poll looks, but not each request that comes or ends.
 */
const suspectsEvery = pollEvery / 2;
/** A request that was begun this often is given up. */
const mostAttempts = 20;

const interrupted = new ApiError(
  "SERVICE_UNAVAILABLE",
  "The formation was interrupted while it answered: send the message again",
);
const hopeless = new ApiError(
  "INTERNAL_ERROR",
  `The request was given up: the formation stopped ${mostAttempts} times while it was answering it`,
);
const unanswerable = new ApiError(
  "INTERNAL_ERROR",
  "The request failed inside the server: its log has the reason under the request's id",
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
  let isStopped = false;
  let suspect: string | undefined;
  let suspectsSeenAt = Number.NEGATIVE_INFINITY;
  let renewedAt = performance.now();
  /**
   * Requests that this process holds but does not work on, since a response of the database was lost, and when that was
   * noticed.
   */
  let astray = new Map<string, number>();
  /**
   * When each of the other holders was last seen to renew its lease, on this process's monotonic clock: other machines'
   * clocks, and a clock that is set, say nothing about who is alive.
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

  /** Takes over expired leases of other processes. Those of this machine's dead processes need not expire first. */
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
      log.error({ err: error, request_id: request.id }, "a background request could not be answered");
      await requests
        .finish(formationId, request.id, leaseOwner, endingOf(request, unanswerable, now()), [])
        // It is given back later, as held without being worked on.
        .catch((failed) => log.error({ err: failed, request_id: request.id }, "nor could it be ended"));
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

  /** Gives back what this process holds but does not work on, unless it was claimed only just now. */
  const sendBack = async (held: readonly { id: string; mode: "sync" | "async" }[]) => {
    const known = new Set([...deps.atWork(), ...performing]);
    const idle = held.filter(({ id }) => !known.has(id));
    const patience = leaseTime / renewals;
    for (const { id, mode } of idle) {
      const since = astray.get(id);
      if (since === undefined || performance.now() - since < patience) continue;
      log.warn(
        { request_id: id },
        "this process held a request that it was not working on; it is given back",
      );
      if (mode === "async") await requests.release(formationId, id, leaseOwner, now());
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
    for (const { id, cancelAsked } of held) if (cancelAsked !== 0) deps.heed(id, cancelAsked);
    return held;
  };

  const lookAfterLeases = async (): Promise<undefined> => {
    await sendBack(await renew());
    await recover();
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
      deps.hints.listen("queued", formationId, wake);
      deps.hints.listen("cancel", formationId, leaseWorker.wake);
      leaseWorker.wake();
      wake();
    },
    announce() {
      wake();
      if (isStopped || underWay.size >= atOnce) deps.hints.send({ topic: "queued", formationId });
    },
    heed() {
      leaseWorker.wake();
      deps.hints.send({ topic: "cancel", formationId });
    },
    stop() {
      isStopped = true;
      return queueWorker.close();
    },
    async close() {
      await queueWorker.close();
      await Promise.all(underWay);
      await leaseWorker.close();
    },
  };
};
