import { performance } from "node:perf_hooks";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { SqliteLog } from "./log.ts";

interface PendingWrite {
  run: () => void;
  resolve: () => void;
  reject: (error: unknown) => void;
}

/**
 * A transaction of many writes costs little more than one of few, for they change the same pages. So while many write at
 * once, they are gathered for some milliseconds, as long as the event loop has anything else to do. A write that comes
 * alone goes at once.
 */
const fewWrites = 4;
const gatherFor = 4;

export interface SqliteWriteQueue {
  /** Does work that writes in a transaction; resolves when it is on disk. */
  add<Result>(work: () => Result): Promise<Result>;
  /** Settles when all that was added is on disk or has failed. */
  done(): Promise<void>;
}

/**
 * Writes that come while a transaction is on its way to the disk share the next one, and so its wait.
 *
 * Nobody hears of a write before it is on disk, be it that it failed: what made it fail may have been another of its
 * transaction.
 */
export const createSqliteWriteQueue = (
  transaction: (work: () => void) => void,
  log: SqliteLog,
): SqliteWriteQueue => {
  let waiting: PendingWrite[] = [];
  let working: Promise<void> | undefined;
  /** When the last transaction was on disk, and how many writes it held. */
  let last = { at: 0, writes: 0 };

  /** Waits for more writes of this turn, and under load of the next ones. */
  const gather = async () => {
    await nextTurn();
    if (last.writes < fewWrites) return;
    const until = last.at + gatherFor;
    let seen = -1;
    while (performance.now() < until) {
      const { events } = performance.nodeTiming.uvMetricsInfo;
      if (events === seen) return;
      seen = events;
      await nextTurn();
    }
  };

  /** @returns What tells the outcome. */
  const alone = ({ run, resolve, reject }: PendingWrite): (() => void) => {
    try {
      transaction(run);
    } catch (error) {
      return () => reject(error);
    }
    return resolve;
  };

  const commit = (writes: readonly PendingWrite[]): (() => void)[] => {
    if (writes.length > 1) {
      try {
        transaction(() => {
          for (const { run } of writes) run();
        });
        return writes.map(({ resolve }) => resolve);
      } catch {
        // One of them failed. Alone, each gets its own result and the innocent ones go through.
      }
    }
    return writes.map(alone);
  };

  const work = async () => {
    while (waiting.length > 0) {
      await gather();
      const writes = waiting;
      waiting = [];
      try {
        log.ensureSafe();
        const outcomes = commit(writes);
        await log.sync();
        for (const tell of outcomes) tell();
      } catch (error) {
        for (const { reject } of writes) reject(error);
      }
      last = { at: performance.now(), writes: writes.length };
    }
    working = undefined;
  };

  return {
    add: (run) =>
      new Promise((resolve, reject) => {
        let result: ReturnType<typeof run>;
        waiting.push({
          run: () => {
            result = run();
          },
          resolve: () => resolve(result),
          reject,
        });
        working ??= work();
      }),
    async done() {
      await working;
    },
  };
};
