/** Milliseconds of the longest timer: one with a longer delay fires at once. */
export const longestTimer = 2 ** 31 - 1;

/** The seconds to wait that a `Retry-After` header asks for, as a number or as an HTTP date. */
export const retryAfterOf = (headers: Headers): number | undefined => {
  const asked = headers.get("retry-after")?.trim();
  if (!asked) return undefined;
  // A date is by the server's clock, which may differ from ours.
  const now = Date.parse(headers.get("date") ?? "") || Date.now();
  const seconds = Number.isNaN(Number(asked)) ? (Date.parse(asked) - now) / 1000 : Number(asked);
  return Number.isFinite(seconds) ? Math.max(0, seconds) : undefined;
};

/** Before a further attempt, in milliseconds (docs/spec/formation-api.md "Client retries"). */
const attemptWaits = { first: 500, longest: 30_000 };

/**
 * Milliseconds to wait before the next attempt: what the server asked for, else a growing delay.
 *
 * @param attempt Number of the attempt that failed, counted from 1.
 * @param random A random number from 0 to 1.
 */
export const retryDelay = (attempt: number, retryAfter: number | undefined, random: number): number =>
  retryAfter === undefined
    ? growingDelay(attempt, attemptWaits.longest, random)
    : Math.min(retryAfter * 1000, longestTimer);

/** Milliseconds of the first wait, doubled with each attempt up to the longest, with a jitter of 10 %. */
export const growingDelay = (attempt: number, longest: number, random: number): number =>
  Math.min(attemptWaits.first * 2 ** (attempt - 1), longest) * (0.9 + 0.2 * random);
