import type { Logger } from "pino";

/** Work that is done soon after somebody says that there may be some, one run at a time. */
export interface Background {
  wake(): void;
  /** Stops the run at work; nothing is begun any more. */
  close(): Promise<void>;
}

/** What a wake-up waits for others to come, in milliseconds: one run then serves them all. */
const gatherFor = 200;
/** Pause after a failure, in milliseconds. */
const pauseAfterFailure = 30_000;

/** Works through a list, a few of its items at a time, in their order. */
export const fewAtOnce = async <Item>(
  items: readonly Item[],
  atOnce: number,
  work: (item: Item) => Promise<void>,
): Promise<void> => {
  const left = items.values();
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (const item of left) await work(item);
    }),
  );
};

/**
 * @param work Does all that there is to do. It may resolve to the milliseconds after which there may be more.
 */
export const createBackground = (deps: {
  work: (signal: AbortSignal) => Promise<number | undefined>;
  /** For the log: "learning". */
  what: string;
  log: Logger;
}): Background => {
  const closing = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  /** When the timer ends, and before when nothing is begun: `performance.now()`. */
  let timerEnds = Number.POSITIVE_INFINITY;
  let restsUntil = 0;
  let running: Promise<void> | undefined;
  let isWanted = false;

  const begin = (delay: number) => {
    const at = Math.max(performance.now() + delay, restsUntil);
    if (closing.signal.aborted || at >= timerEnds) return;
    clearTimeout(timer);
    timerEnds = at;
    timer = setTimeout(() => {
      timerEnds = Number.POSITIVE_INFINITY;
      running = run().finally(() => {
        running = undefined;
        if (isWanted) begin(gatherFor);
      });
    }, at - performance.now());
    timer.unref();
  };

  const run = async () => {
    isWanted = false;
    try {
      const next = await deps.work(closing.signal);
      if (typeof next === "number") begin(next);
    } catch (error) {
      if (closing.signal.aborted) return;
      deps.log.warn(
        { err: error },
        `${deps.what} failed and is tried again in ${pauseAfterFailure / 1000} s`,
      );
      restsUntil = performance.now() + pauseAfterFailure;
      begin(pauseAfterFailure);
    }
  };

  return {
    wake() {
      isWanted = true;
      if (!running) begin(gatherFor);
    },
    async close() {
      closing.abort(new Error("The formation is shutting down"));
      clearTimeout(timer);
      await running;
    },
  };
};
