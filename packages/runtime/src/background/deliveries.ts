import { backoff, createHttpClient, type ProxyChoice } from "@muxi/http";
import { newId } from "@muxi/protocol";
import type { Logger } from "pino";
import { createWorker } from "../base/index.ts";
import type { ClaimedDelivery, DeliveryRepository, Statement } from "../store/index.ts";
import { payloadOf, type RequestOutcome } from "./delivery-payload.ts";
import { isGone, newLeaseOwner } from "./lease.ts";
import { checkTarget, guardedLookup, type TargetPolicy } from "./targets.ts";
import { type AttemptResult, postWebhook } from "./webhook.ts";

export interface DeliveryDeps {
  formationId: string;
  deliveries: DeliveryRepository;
  policy: TargetPolicy;
  /** Chooses the proxy of a webhook. Default: none. */
  proxy?: ProxyChoice | undefined;
  /** The admin key. */
  secret: string;
  /** Milliseconds for one attempt (`async.webhook_timeout`). */
  timeout: number;
  /** Attempts after the first one (`async.webhook_retries`). */
  retries: number;
  now: () => number;
  log: Logger;
}

/** Sends webhooks from an outbox in the database: one that is stored gets sent, whatever happens to this process. */
export interface Deliveries {
  /**
   * Statements that put a webhook into the outbox, for the transaction that ends or interrupts a request; none when
   * there is no `webhookUrl`. Call `wake` once they are committed.
   */
  statements(outcome: RequestOutcome): Statement[];
  /** Refuses a bad `webhook_url` before its request is accepted. @throws ApiError `INVALID_PARAMS` */
  checkTarget(url: string): Promise<void>;
  /** Begins to send, with what earlier processes of this machine left behind. */
  start(): Promise<void>;
  /** Says that a webhook may be waiting. */
  wake(): void;
  /** Begins no further attempt. Those under way are given `grace` milliseconds, then return to the outbox. */
  close(grace: number): Promise<void>;
}

/** Most attempts at a time: per receiver, so that a slow or dead one holds up no other, and in all. */
const perOrigin = 8;
const atOnce = 64;

/** Before a further attempt, in milliseconds (docs/spec/formation-api.md "Webhook attempts"). */
const deliveryWaits = { first: 1_000, longest: 60_000 };
/** The longest wait that a receiver may ask for. */
const longestRetryAfter = 300_000;

/** How far the clocks of several machines may differ, in milliseconds. */
const clockSlack = 60_000;

/** How often to look for webhooks that other processes left behind, in milliseconds. */
const pollEvery = 5_000;
const pauseAfterFailure = 1_000;

export const createDeliveries = (deps: DeliveryDeps): Deliveries => {
  const { formationId, deliveries, policy, secret, timeout, retries, now, log } = deps;
  const owner = newLeaseOwner();
  const http = createHttpClient({ lookup: guardedLookup(policy), proxy: deps.proxy });
  const closing = new AbortController();
  const sending = new Map<string, number>();
  const underWay = new Set<Promise<void>>();

  const longestAttempt = timeout + 5_000;
  const due = () => ({
    now: now(),
    farthest: now() + Math.max(longestAttempt, longestRetryAfter) + clockSlack,
  });

  const waitBefore = (attempts: number, retryAfter = 0): number =>
    Math.max(backoff(attempts + 1, deliveryWaits), Math.min(retryAfter, longestRetryAfter));

  const settle = async (delivery: ClaimedDelivery, result: AttemptResult) => {
    const { id, requestId, event, origin, attempts } = delivery;
    const about = { delivery_id: id, request_id: requestId, event, origin, attempt: attempts + 1 };
    if (result.ok) {
      await deliveries.end(id, owner, "sent", { now: now(), responseStatus: result.status, error: null });
      log.debug({ ...about, status: result.status }, "webhook.sent");
      return;
    }
    const { status: responseStatus, error, transient, retryAfter } = result;
    const attempt = { now: now(), responseStatus, error };
    if (transient && attempts < retries) {
      await deliveries.retry(id, owner, attempt, now() + waitBefore(attempts, retryAfter));
      return;
    }
    await deliveries.end(id, owner, "failed", attempt);
    log.warn({ ...about, reason: error }, "webhook.failed");
  };

  const send = async (delivery: ClaimedDelivery) => {
    const { id, origin } = delivery;
    sending.set(origin, (sending.get(origin) ?? 0) + 1);
    try {
      const result = await postWebhook({ http, policy, secret, timeout, now }, delivery, closing.signal);
      await settle(delivery, result);
    } catch (error) {
      if (closing.signal.aborted) await deliveries.release(id, owner, now());
      // Its lease expires and it is sent again: better twice than never.
      else log.error({ err: error, delivery_id: id }, "the outcome of a webhook could not be stored");
    } finally {
      const left = (sending.get(origin) ?? 1) - 1;
      if (left === 0) sending.delete(origin);
      else sending.set(origin, left);
    }
  };

  const begin = (delivery: ClaimedDelivery) => {
    const task = send(delivery).finally(() => {
      underWay.delete(task);
      wake();
    });
    underWay.add(task);
  };

  const fullOrigins = () => [...sending].filter(([, count]) => count >= perOrigin).map(([origin]) => origin);

  /** Claims what is due, as far as there is room. */
  const fill = async (signal: AbortSignal): Promise<number | undefined> => {
    const begun = now();
    for (const origin of await deliveries.dueOrigins(formationId, due(), fullOrigins())) {
      const limit = Math.min(perOrigin - (sending.get(origin) ?? 0), atOnce - underWay.size);
      if (limit <= 0 || signal.aborted) continue;
      const until = now() + longestAttempt;
      const claimed = await deliveries.claim(formationId, origin, { owner, limit, due: due(), until });
      for (const delivery of claimed) begin(delivery);
    }
    const next = await deliveries.nextDue(formationId, fullOrigins());
    // What is due and was not claimed waits for room: the end of an attempt wakes the worker.
    return next === undefined || next <= begun ? undefined : Math.max(0, next - now());
  };

  const worker = createWorker({
    what: "sending webhooks",
    look: fill,
    every: pollEvery,
    pauseAfterFailure,
    log,
  });
  const { wake } = worker;

  return {
    statements(outcome) {
      const { webhookUrl, requestId, userId, status, endedAt } = outcome;
      if (webhookUrl === null) return [];
      return [
        deliveries.insert({
          id: newId("delivery"),
          formationId,
          userId,
          requestId,
          event: status,
          target: webhookUrl,
          origin: new URL(webhookUrl).origin,
          body: payloadOf(deps, outcome),
          now: endedAt,
        }),
      ];
    },

    checkTarget: (url) => checkTarget(url, policy),

    async start() {
      for (const holder of await deliveries.leaseOwners(formationId)) {
        if (isGone(holder)) await deliveries.releaseAll(formationId, holder, now());
      }
      wake();
    },

    wake,

    async close(grace) {
      await worker.close();
      const deadline = setTimeout(() => closing.abort(new Error("The formation is shutting down")), grace);
      await Promise.all(underWay);
      clearTimeout(deadline);
      http.close();
    },
  };
};
