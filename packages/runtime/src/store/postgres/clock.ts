import type { Logger } from "pino";
import { createWorker } from "../../base/index.ts";

/** How often the database is asked for the time, in milliseconds. */
const askEvery = 30_000;
/** How often the machine's clock is looked at, in milliseconds: one that was set shows. */
const lookEvery = 1_000;
/** What clocks may differ by, in milliseconds: less is how they are kept right. An answer that took longer says nothing. */
const tolerance = 1_000;
const pauseAfterFailure = 1_000;

/** The time by which a formation acts and dates what it stores. */
export interface Clock {
  now(): number;
  close(): Promise<void>;
}

/**
 * The clock that all processes of a database have in common (docs/spec/formation-files.md "Several processes"): the
 * machine's own while that agrees with the database's, and otherwise the database's.
 *
 * @param deps.ask Asks the database for the time in Unix milliseconds.
 * @param deps.askFirst The same at the start, which an answer that comes late must not prevent.
 */
export const createClock = async (deps: {
  ask: () => Promise<number>;
  askFirst: () => Promise<number>;
  log: Pick<Logger, "warn" | "error">;
}): Promise<Clock> => {
  const { log } = deps;
  /** What has to be added to the time of this machine. */
  let correction = 0;

  const compare = async (ask: () => Promise<number>): Promise<number | undefined> => {
    const since = performance.now();
    const theirs = await ask();
    const took = performance.now() - since;
    if (took > tolerance) return tolerance;
    const difference = Math.round(theirs - (Date.now() - took / 2));
    const next = Math.abs(difference) > tolerance ? difference : 0;
    if (Math.abs(next - correction) > tolerance && next !== 0) {
      log.warn(
        { seconds: -difference / 1_000 },
        "the clock of this machine is so many seconds ahead of the database's, which is gone by: set it right",
      );
    }
    correction = next;
    return undefined;
  };

  const worker = createWorker({
    what: "asking the database for the time",
    look: () => compare(deps.ask),
    every: askEvery,
    pauseAfterFailure,
    log,
  });

  /** By how much the machine's clock is before one that nobody sets: it changes when the machine's is set. */
  const lead = () => Date.now() - performance.now();
  let last = lead();
  const looking = setInterval(() => {
    const current = lead();
    if (Math.abs(current - last) > tolerance) worker.wake();
    last = current;
  }, lookEvery).unref();

  await compare(deps.askFirst);
  worker.wake();
  return {
    now: () => Date.now() + correction,
    async close() {
      clearInterval(looking);
      await worker.close();
    },
  };
};
