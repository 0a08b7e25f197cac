import { ApiError } from "@muxi/protocol";
import type { Logger } from "pino";
import { EventLog } from "../events/index.ts";
import type { Lease, RequestRepository, StoredRequest } from "../store/index.ts";
import { isGone } from "./lease.ts";

export interface QueueDeps {
  formationId: string;
  requests: RequestRepository;
  /** Names this process as the holder of leases. */
  leaseOwner: string;
  /** Answers a request; it settles when the request has ended. */
  perform: (request: StoredRequest) => Promise<void>;
  /** Stops a request of this process that somebody elsewhere has cancelled. */
  cancel: (requestId: string) => void;
  now: () => number;
  log: Logger;
}

/**
 * The requests in the background: their rows are the queue. A process takes what it can do, and keeps its leases as
 * long as it lives; what it leaves behind goes to the next.
 */
export interface Queue {
  /** Takes up what was left over, then what comes. */
  start(): Promise<void>;
  /** Says that something waits. */
  wake(): void;
  /** Takes nothing more. Resolves at once; what is under way goes on. */
  stop(): void;
  /** Ends the leases' renewal, once nothing is under way. */
  close(): Promise<void>;
}

/** Requests that are answered at the same time. */
const atOnce = 64;
/** A lease is good for so long, and renewed so often, in milliseconds. */
export const leaseTime = 30_000;
const renewEvery = 10_000;
/** How often what other processes left behind is looked for, in milliseconds. */
const pollEvery = 5_000;
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

export const createQueue = (deps: QueueDeps): Queue => {
  const { formationId, requests, leaseOwner, now, log } = deps;
  const underWay = new Set<Promise<void>>();
  let stopped = false;
  let wanted = false;
  let filling: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let renewal: NodeJS.Timeout | undefined;
  let forgottenAt = 0;

  const lease = (): Lease => ({ owner: leaseOwner, until: now() + leaseTime });

  const endAbandoned = async (gone: { leaseOwner?: string }) => {
    for (const request of await requests.abandoned(formationId, { ...gone, now: now() })) {
      await requests.endAbandoned(formationId, request.id, endingOf(request, interrupted, now()));
    }
  };

  /** Leases of processes of this machine that are gone need not run out. */
  const recover = async () => {
    for (const owner of await requests.leaseOwners(formationId)) {
      if (owner === leaseOwner || !isGone(owner)) continue;
      await endAbandoned({ leaseOwner: owner });
      await requests.releaseAll(formationId, owner, now());
    }
    await endAbandoned({});
  };

  const perform = async (request: StoredRequest) => {
    try {
      if (request.attempts <= mostAttempts) await deps.perform(request);
      else {
        log.error({ request_id: request.id }, hopeless.message);
        await requests.endAbandoned(formationId, request.id, endingOf(request, hopeless, now()));
      }
    } catch (error) {
      log.error({ err: error, request_id: request.id }, "a request in the background could not be answered");
    }
  };

  const fill = async (): Promise<number> => {
    while (!stopped && underWay.size < atOnce) {
      const claimed = await requests.claim(formationId, lease(), {
        now: now(),
        limit: atOnce - underWay.size,
      });
      if (claimed.length === 0) break;
      for (const request of claimed) {
        const work = perform(request).finally(() => {
          underWay.delete(work);
          wake();
        });
        underWay.add(work);
      }
    }
    const due = underWay.size < atOnce ? await requests.nextDue(formationId) : undefined;
    return Math.min(pollEvery, Math.max(10, (due ?? Number.POSITIVE_INFINITY) - now()));
  };

  const run = async () => {
    let pause = pollEvery;
    do {
      wanted = false;
      try {
        pause = await fill();
      } catch (error) {
        log.error({ err: error }, "requests in the background could not be read");
      }
    } while (wanted && !stopped);
    filling = undefined;
    if (!stopped) timer = setTimeout(wake, pause);
  };

  const wake = () => {
    if (stopped) return;
    clearTimeout(timer);
    wanted = true;
    filling ??= run();
  };

  const renew = async () => {
    try {
      for (const id of await requests.renew(formationId, lease())) deps.cancel(id);
      await recover();
      if (now() - forgottenAt < forgetEvery) return;
      const before = now() - retention;
      if ((await requests.forget(formationId, before, forgottenAtOnce)) < forgottenAtOnce)
        forgottenAt = now();
    } catch (error) {
      log.error({ err: error }, "the leases of requests could not be renewed");
    }
  };

  return {
    async start() {
      await recover();
      renewal = setInterval(() => void renew(), renewEvery);
      wake();
    },
    wake,
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
    async close() {
      this.stop();
      await filling;
      await Promise.all(underWay);
      clearInterval(renewal);
    },
  };
};
