export interface WorkerOptions {
  /** What it does, for the log: "learning from conversations". */
  what: string;
  /**
   * Does everything there is to do now. There is only one look at a time.
   *
   * @param signal Aborted when the worker closes: then the look should end soon.
   * @returns Milliseconds after which there will be more to do; undefined when that is not known.
   */
  look(signal: AbortSignal): Promise<number | undefined>;
  /** Milliseconds from one look to the next one at the latest. Default: it waits to be woken. */
  every?: number;
  /** Milliseconds from a wake-up to the look, so that one look serves several wake-ups. Default 0. */
  gather?: number;
  /** Milliseconds after a failed look before the next one, even when the worker is woken. */
  pauseAfterFailure: number;
  log: { error(details: object, message: string): void };
}

/** Looks for work in the background, from the first time it is woken. */
export interface Worker {
  /** Says that there may be something to do. During a look, another one will follow. */
  wake(): void;
  /** Begins no further look; resolves when the one under way has ended. */
  close(): Promise<void>;
}

/** The longest delay of a timer: a longer one would be none. */
const longestDelay = 2 ** 31 - 1;

export const createWorker = (options: WorkerOptions): Worker => {
  const { what, look, every, gather = 0, pauseAfterFailure, log } = options;
  const closing = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  // Times of `performance.now()`: when the system's clock is set, no look is delayed.
  let nextLook = Number.POSITIVE_INFINITY;
  let pausedUntil = 0;
  let looking: Promise<void> | undefined;
  let isWanted = false;

  const run = async (): Promise<void> => {
    let next: number | undefined;
    try {
      next = await look(closing.signal);
    } catch (error) {
      // To be stopped by the signal is no failure.
      if (closing.signal.aborted) return;
      log.error({ err: error }, `${what} failed and is tried again in ${pauseAfterFailure / 1000} s`);
      pausedUntil = performance.now() + pauseAfterFailure;
      next = pauseAfterFailure;
    }
    looking = undefined;
    if (isWanted) lookIn(gather);
    const latest = Math.min(next ?? Number.POSITIVE_INFINITY, every ?? Number.POSITIVE_INFINITY);
    if (Number.isFinite(latest)) lookIn(latest);
  };

  const begin = (): void => {
    nextLook = Number.POSITIVE_INFINITY;
    isWanted = false;
    looking = run();
  };

  /** Plans a look in `delay` milliseconds, unless an earlier one is planned. */
  const lookIn = (delay: number): void => {
    const now = performance.now();
    const at = Math.max(now + delay, pausedUntil);
    if (closing.signal.aborted || looking || at >= nextLook) return;
    clearTimeout(timer);
    if (at <= now) begin();
    else {
      nextLook = at;
      timer = setTimeout(begin, Math.min(at - now, longestDelay)).unref();
    }
  };

  return {
    wake() {
      isWanted = true;
      lookIn(gather);
    },
    async close() {
      closing.abort(new Error("The formation is shutting down"));
      clearTimeout(timer);
      await looking;
    },
  };
};
