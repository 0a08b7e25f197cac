import { ApiError } from "@muxi/protocol";
import { LRUCache } from "lru-cache";
import type { KeyUsed } from "./received.ts";

interface Bucket {
  tokens: number;
  filledAt: number;
}

/** Number of callers that are remembered. Those silent the longest are dropped: their buckets are full again. */
const mostCallers = 100_000;

/**
 * A limit on the calls of one key for one user (docs/spec/formation-api.md "Rate limits"): a token bucket that holds
 * the calls of a minute and refills evenly.
 *
 * @returns A check that throws ApiError `RATE_LIMITED` with the time to wait.
 */
export const createRateLimit = (perMinute: number | undefined, now: () => number) => {
  if (perMinute === undefined) return () => {};
  const buckets = new LRUCache<string, Bucket>({ max: mostCallers });
  const perMillisecond = perMinute / 60_000;

  return (keyUsed: KeyUsed, userId: string | undefined): void => {
    if (keyUsed === "none") return;
    const caller = `${keyUsed} ${userId ?? ""}`;
    const at = now();
    const last = buckets.get(caller) ?? { tokens: perMinute, filledAt: at };
    // Negative when the clock was set back.
    const elapsed = Math.max(0, at - last.filledAt);
    const tokens = Math.min(perMinute, last.tokens + elapsed * perMillisecond);
    buckets.set(caller, { tokens: tokens < 1 ? tokens : tokens - 1, filledAt: at });
    if (tokens < 1) {
      throw new ApiError("RATE_LIMITED", `More than ${perMinute} calls a minute: wait, then try again`, {
        retryAfter: (1 - tokens) / perMillisecond / 1000,
      });
    }
  };
};
