import { ApiError } from "@muxi/protocol";
import { userLimits } from "../base/index.ts";

/** Documents that are read at the same time: more would take processors from the answers. */
const mostAtOnce = 2;
/** Documents that wait for their turn, of all users. */
const mostWaiting = 32;
/** Seconds after which to try again: one document takes two at most. */
const retryAfter = 5;

/**
 * Does some work when it is the turn of its user, of whom one piece is done at a time.
 *
 * @throws ApiError `RATE_LIMITED`, `SYSTEM_OVERLOAD` when too much is waiting
 */
export type ReadingTurns = <Result>(user: string, work: () => Promise<Result>) => Promise<Result>;

/** Turns for reading documents (docs/spec/formation-api.md "Attachments"): whose documents are slow waits alone. */
export const createReadingTurns = (): ReadingTurns => {
  const reading = new Set<string>();
  const waiting: { user: string; begin: () => void }[] = [];

  const beginNext = (): void => {
    while (reading.size < mostAtOnce) {
      const index = waiting.findIndex(({ user }) => !reading.has(user));
      const [next] = index === -1 ? [] : waiting.splice(index, 1);
      if (!next) return;
      reading.add(next.user);
      next.begin();
    }
  };

  return async (user, work) => {
    const { most, what } = userLimits.documentsWaiting;
    if (waiting.filter((other) => other.user === user).length >= most) {
      throw new ApiError(
        "RATE_LIMITED",
        `User '${user}' may have at most ${most} ${what}: wait, then try again`,
        { retryAfter },
      );
    }
    if (waiting.length >= mostWaiting) {
      throw new ApiError(
        "SYSTEM_OVERLOAD",
        "Too many documents are waiting to be read: try again in a moment",
        { retryAfter },
      );
    }
    await new Promise<void>((begin) => {
      waiting.push({ user, begin });
      beginNext();
    });
    try {
      return await work();
    } finally {
      reading.delete(user);
      beginNext();
    }
  };
};
