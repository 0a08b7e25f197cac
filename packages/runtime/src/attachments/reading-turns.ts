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
 * @param signal Ends the wait.
 * @throws ApiError `RATE_LIMITED`, `SYSTEM_OVERLOAD` when too much is waiting; the signal's reason
 */
export type ReadingTurns = <Result>(
  user: string,
  signal: AbortSignal | undefined,
  work: () => Promise<Result>,
) => Promise<Result>;

interface Waiting {
  user: string;
  begin: () => void;
}

/** Turns for reading documents (docs/spec/formation-api.md "Attachments"): whose documents are slow waits alone. */
export const createReadingTurns = (): ReadingTurns => {
  const reading = new Set<string>();
  const waiting: Waiting[] = [];

  const beginNext = (): void => {
    while (reading.size < mostAtOnce) {
      const index = waiting.findIndex(({ user }) => !reading.has(user));
      const [next] = index === -1 ? [] : waiting.splice(index, 1);
      if (!next) return;
      reading.add(next.user);
      next.begin();
    }
  };

  const turn = (user: string, signal: AbortSignal | undefined) =>
    new Promise<void>((resolve, reject) => {
      const begin = () => {
        signal?.removeEventListener("abort", leave);
        resolve();
      };
      const leave = () => {
        waiting.splice(waiting.indexOf(mine), 1);
        reject(signal?.reason);
      };
      const mine = { user, begin };
      waiting.push(mine);
      signal?.addEventListener("abort", leave, { once: true });
      beginNext();
    });

  return async (user, signal, work) => {
    signal?.throwIfAborted();
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
    await turn(user, signal);
    try {
      return await work();
    } finally {
      reading.delete(user);
      beginNext();
    }
  };
};
