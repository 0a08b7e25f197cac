import { setTimeout as delay } from "node:timers/promises";

/** Waits for some milliseconds. An abort ends the wait early, without an error. */
export const pause = async (ms: number, signal: AbortSignal): Promise<void> => {
  await delay(ms, undefined, { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
};

/** Whether a promise resolves within some milliseconds. */
export const endsWithin = async (ms: number, work: Promise<unknown>): Promise<boolean> => {
  const timer = new AbortController();
  try {
    return await Promise.race([work.then(() => true), pause(ms, timer.signal).then(() => false)]);
  } finally {
    timer.abort();
  }
};
