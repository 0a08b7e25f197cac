import { setTimeout as delay } from "node:timers/promises";
import { asError, type BackoffOptions, backoff } from "@muxi/http";

/** Sends items in batches to something that may be slow or away. */
export interface BatchSender<Item> {
  readonly id: string;
  /** Takes an item at once. When too many wait, the oldest is dropped. */
  write(item: Item): void;
  /** Sends what is waiting, for a few seconds at most. */
  close(): Promise<void>;
}

interface BatchSenderDeps<Item> {
  id: string;
  /** Sends one batch; rejects when that failed. */
  send(batch: readonly Item[], signal: AbortSignal): Promise<void>;
  log: { warn(details: object, message: string): void };
  /** Waits after failures, in milliseconds. */
  waits: Pick<BackoffOptions, "first" | "longest">;
}

const mostWaiting = 10_000;
const mostInBatch = 500;
/** How long items are collected for a batch, in milliseconds. */
const collectFor = 100;
/** How long sending goes on when the process ends, in milliseconds. */
const closingGrace = 2_000;

/** Writing never waits. Items that were dropped for want of room are counted in the log after the next success. */
export const createBatchSender = <Item>(deps: BatchSenderDeps<Item>): BatchSender<Item> => {
  const { id, send, log, waits } = deps;
  const closing = new AbortController();
  let waiting: Item[] = [];
  let dropped = 0;
  let failures = 0;
  let working: Promise<void> | undefined;

  const work = async () => {
    await delay(collectFor, undefined, { signal: closing.signal }).catch(() => {});
    while (waiting.length > 0) {
      const batch = waiting.slice(0, mostInBatch);
      try {
        const timeout = AbortSignal.timeout(10_000);
        await send(batch, timeout);
        // What was dropped meanwhile was at the front, and so were parts of this batch.
        const sent = new Set(batch);
        waiting = waiting.filter((item) => !sent.has(item));
        if (failures > 0 || dropped > 0)
          log.warn({ destination: id, dropped }, "log destination takes events again");
        failures = 0;
        dropped = 0;
      } catch (error) {
        if (failures === 0) {
          const reason = asError(error).message;
          log.warn({ destination: id, reason }, "log destination does not take events");
        }
        failures += 1;
        if (closing.signal.aborted) return;
        await delay(backoff(failures, waits), undefined, { signal: closing.signal, ref: false }).catch(
          () => {},
        );
      }
    }
  };

  const start = () => {
    working ??= work().finally(() => {
      working = undefined;
      // Something may have come between the last look and here.
      if (waiting.length > 0 && !closing.signal.aborted) start();
    });
  };

  return {
    id,
    write(item) {
      waiting.push(item);
      if (waiting.length > mostWaiting) {
        waiting.shift();
        dropped += 1;
      }
      start();
    },
    async close() {
      closing.abort();
      await Promise.race([working, delay(closingGrace, undefined, { ref: false })]);
    },
  };
};
