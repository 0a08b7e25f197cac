import { performance } from "node:perf_hooks";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { SqliteLog } from "./log.ts";

interface PendingWrite {
  run: () => void;
  resolve: () => void;
  reject: (error: unknown) => void;
}

/**
 * A transaction of many writes costs little more than one of few, since they change the same pages. Under load, writes
 * are therefore gathered for some milliseconds, as long as the event loop has anything else to do. A single write is not
 * delayed.
 */
const fewWrites = 4;
const gatherFor = 4;

export interface SqliteWriteQueue {
  /** Runs work in a transaction; resolves when that is on disk. */
  add<Result>(work: () => Result): Promise<Result>;
  /** Resolves when everything that was added is on disk or has failed. */
  done(): Promise<void>;
}

/**
 * Writes that arrive while a transaction is being synced share the next one, and so its wait for the disk.
 *
 * No outcome is reported before the transaction is on disk, not even a failure: its cause may have been another write of
 * the same transaction.
 */
export const createSqliteWriteQueue = (
  transaction: (work: () => void) => void,
  log: SqliteLog,
): SqliteWriteQueue => {
  let waiting: PendingWrite[] = [];
  let working: Promise<void> | undefined;
  /** When the last transaction reached the disk, and how many writes it contained. */
  let last = { at: 0, writes: 0 };

  /** Waits for more writes in this turn of the event loop, and under load in the next ones. */
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

  /** @returns What reports the outcome. */
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
        // One of them failed. Run alone, each gets its own result, and the others succeed.
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
