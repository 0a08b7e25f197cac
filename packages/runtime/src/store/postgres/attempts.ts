import { setTimeout as sleep } from "node:timers/promises";
import { isPassing } from "./errors.ts";

const mostTries = 5;
/**
 * Before a further attempt, in milliseconds; together they outlast a quick restart of the server
 * (docs/spec/formation-files.md "Manifest: memory").
 */
const connectWaits = [0, 100, 500, 1_500];

/**
 * Attempts something until it succeeds, its time is over or it is of no use.
 *
 * @param limit Milliseconds for all attempts together. Each is told when they end, as `performance.now()`.
 * @param mayRepeat Whether another attempt may succeed and does no harm. Default: where the connection failed.
 * @throws The failure of the last attempt.
 */
export const attempt = async <Result>(
  limit: number,
  work: (until: number) => Promise<Result>,
  mayRepeat: (error: unknown) => boolean = isPassing,
): Promise<Result> => {
  const until = performance.now() + limit;
  for (let tries = 1; ; tries++) {
    try {
      return await work(until);
    } catch (error) {
      const wait = isPassing(error) ? (connectWaits[tries - 1] ?? 0) : 0;
      if (tries === mostTries || performance.now() + wait >= until || !mayRepeat(error)) throw error;
      if (wait > 0) await sleep(wait);
    }
  }
};
