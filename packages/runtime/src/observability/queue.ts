import { setTimeout as delay } from "node:timers/promises";
import { asError } from "@muxi/http";

export interface Queue<Item> {
  readonly id: string;
  write(item: Item): void;
  /** Sends what is waiting, for a few seconds at most. */
  close(): Promise<void>;
}

interface QueueDeps<Item> {
  id: string;
  /** Takes one batch; rejects when it could not. */
  send(batch: readonly Item[], signal: AbortSignal): Promise<void>;
  log: { warn(details: object, message: string): void };
  /** Pauses after a failure, in milliseconds: the last one for all further ones. */
  pauses: readonly number[];
}

const mostWaiting = 10_000;
const mostInBatch = 500;
/** How long a batch is collected, in milliseconds. */
const collectFor = 100;
/** What is left when the process ends is tried for this long, in milliseconds. */
const closingGrace = 2_000;

/**
 * A bounded queue in front of something slow: writing never waits, the oldest items are dropped when it is full, and the
 * next success tells how many.
 */
export const createQueue = <Item>({ id, send, log, pauses }: QueueDeps<Item>): Queue<Item> => {
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
        const name = asError(error).message;
        if (failures === 0)
          log.warn({ destination: id, reason: name }, "log destination does not take events");
        failures += 1;
        if (closing.signal.aborted) return;
        const pause = pauses[Math.min(failures, pauses.length) - 1] ?? 0;
        await delay(pause, undefined, { signal: closing.signal, ref: false }).catch(() => {});
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
