export interface TimeLimit {
  /** Aborted when the time is over, and with the signal that was given. */
  readonly signal: AbortSignal;
  readonly isOver: boolean;
  /** To be called when the work has ended. */
  end(): void;
}

/**
 * Starts a time for some work, in milliseconds; undefined for one without end. `AbortSignal.timeout` would be held for the whole of it, however early the
 * work ends: at thousands of calls a second that is most of the memory.
 */
export const startTimeLimit = (time: number | undefined, signal?: AbortSignal): TimeLimit => {
  const controller = new AbortController();
  let isOver = false;
  const timer =
    time === undefined
      ? undefined
      : setTimeout(() => {
          isOver = true;
          controller.abort(new DOMException("The operation was aborted due to timeout", "TimeoutError"));
        }, time).unref();
  const follow = () => controller.abort(signal?.reason);
  if (signal?.aborted) follow();
  else signal?.addEventListener("abort", follow, { once: true });
  return {
    signal: controller.signal,
    get isOver() {
      return isOver;
    },
    end() {
      clearTimeout(timer);
      signal?.removeEventListener("abort", follow);
    },
  };
};
