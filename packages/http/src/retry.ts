export interface BackoffOptions {
  /** Wait after the first failure, in milliseconds. */
  first: number;
  /** Longest wait, in milliseconds. */
  longest: number;
  /** Share of each wait that is random, from 0 to 1, so that many clients do not come back together. Default 0. */
  jitter?: number;
  /** From 0 to 1. Default `Math.random`. */
  random?: () => number;
}

/**
 * How long to wait before the next attempt, in milliseconds: `first`, doubled with each further failure up to
 * `longest`, less a random part of its `jitter`.
 *
 * @param failures Failed attempts so far, from 1.
 */
export const backoff = (
  failures: number,
  { first, longest, jitter = 0, random = Math.random }: BackoffOptions,
): number => Math.min(first * 2 ** (failures - 1), longest) * (1 - jitter * random());

/**
 * The seconds that a `Retry-After` header asks to wait: a number, or the time left until an HTTP date. Never negative;
 * undefined when there is no such header or it cannot be read.
 *
 * @param now Unix milliseconds.
 */
export const readRetryAfter = (header: string | undefined, now: number): number | undefined => {
  const text = header?.trim() ?? "";
  if (text === "") return undefined;
  const seconds = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : (Date.parse(text) - now) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, seconds) : undefined;
};
