export interface TimeLimit {
  /** Aborted when the time is up, or when the given signal is. */
  readonly signal: AbortSignal;
  readonly isOver: boolean;
  /** To be called when the work has ended, well or not. */
  end(): void;
}

/**
 * Starts a time limit for some work, which the caller ends with it. `AbortSignal.timeout` stays in memory for its whole
 * time, however early the work ends: at thousands of calls a second that would be most of the memory.
 *
 * @param time Milliseconds; undefined for no limit.
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
