/**
 * Seconds that a `Retry-After` header asks to wait: a number, or the time until an HTTP date.
 *
 * @param now Unix milliseconds.
 */
export const parseRetryAfter = (header: string | null, now: number): number | undefined => {
  if (header === null || header.trim() === "") return undefined;
  const seconds = Number(header);
  if (Number.isFinite(seconds)) return Math.max(0, seconds);
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, (date - now) / 1000);
};

/**
 * Milliseconds before the next attempt: 0.5 s doubled each time up to 30 s, give or take a tenth, and never less
 * than the server asked for (docs/spec/formation-api.md "Client retries").
 *
 * @param attempt The attempt that failed, from 1.
 * @param random From 0 to 1.
 */
export const retryDelay = (attempt: number, retryAfter: number | undefined, random: number): number => {
  if (retryAfter !== undefined) return retryAfter * 1000;
  return Math.min(500 * 2 ** (attempt - 1), 30_000) * (0.9 + 0.2 * random);
};
