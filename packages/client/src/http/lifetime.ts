import { AbortedError, MuxiError, TimeoutError } from "../errors/index.ts";

/** How long a call may take: until its deadline, its caller's signal, or its own end. */
export interface Lifetime {
  /** Aborts with the error for the caller as its reason. */
  readonly signal: AbortSignal;
  /** Milliseconds until the deadline. */
  remaining(): number;
  /** Removes the deadline once the headers of a stream have arrived. The caller's signal stays in force. */
  liftDeadline(): void;
  /** Ends the call early. */
  abort(reason: unknown): void;
  /** Removes timer and listener. Must be called when the call has settled, unless `close` was. */
  end(): void;
  /** Ends the call early, without a reason. */
  close(): void;
}

export const createLifetime = (timeout: number, caller: AbortSignal | undefined): Lifetime => {
  const controller = new AbortController();
  const deadline = timeout > 0 ? performance.now() + timeout : Number.POSITIVE_INFINITY;
  const onDeadline = () => controller.abort(new TimeoutError(`No response within ${timeout} ms (timeout)`));
  const timer = timeout > 0 ? setTimeout(onDeadline, timeout) : undefined;
  const onAbort = () => {
    const reason: unknown = caller?.reason;
    controller.abort(reason instanceof MuxiError ? reason : new AbortedError(reason));
  };

  if (caller?.aborted) onAbort();
  else caller?.addEventListener("abort", onAbort, { once: true });

  const end = () => {
    clearTimeout(timer);
    caller?.removeEventListener("abort", onAbort);
  };

  return {
    signal: controller.signal,
    remaining: () => deadline - performance.now(),
    liftDeadline: () => clearTimeout(timer),
    abort: (reason) => controller.abort(reason),
    end,
    close() {
      controller.abort();
      end();
    },
  };
};

/** Waits. Rejects with the signal's reason if it aborts first. The signal must not outlive the call. */
export const sleep = (milliseconds: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });

/** What work comes to, or the signal's reason if it aborts first: a custom `fetch` may ignore it. */
export const within = <Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value> =>
  new Promise((resolve, reject) => {
    work.then(resolve, reject);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
