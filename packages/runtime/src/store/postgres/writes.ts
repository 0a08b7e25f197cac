import { setImmediate as nextTurn } from "node:timers/promises";
import type { Statement, WriteResult } from "../database/index.ts";
import { StorageUnavailableError } from "../database/index.ts";

/** The statements of one caller. `rest` is run only when the last of `first` changed a row. */
export interface Write {
  first: readonly Statement[];
  rest: readonly Statement[];
}

/** Runs writes in one transaction and returns the results of the `first` statements of each. */
export type Transaction = (writes: readonly Write[]) => Promise<WriteResult[][]>;

interface PendingWrite {
  write: Write;
  resolve: (results: WriteResult[]) => void;
  reject: (error: unknown) => void;
}

/** Writes with more statements than this get a transaction of their own, so that others do not wait for them. */
const many = 50;
/**
 * Milliseconds that writes wait for each other: for a lock that one of them needs, and for the transaction in progress.
 * A process that was suspended in the middle of a transaction may hold a lock for long.
 */
export const lockTimeout = 200;

export interface WriteQueue {
  add(write: Write): Promise<WriteResult[]>;
  /** Resolves when everything that was added is on disk or has failed. */
  done(): Promise<void>;
}

/**
 * Writes that arrive while a transaction is in progress share the next one, and so its round trips and its wait for the
 * disk.
 */
export const createWriteQueue = (transaction: Transaction): WriteQueue => {
  let waiting: PendingWrite[] = [];
  const underWay = new Set<Promise<void>>();
  let working: Promise<void> | undefined;

  const commit = async (group: readonly PendingWrite[]): Promise<void> => {
    try {
      const results = await transaction(group.map(({ write }) => write));
      for (const [index, { resolve }] of group.entries()) resolve(results[index] ?? []);
    } catch (error) {
      if (group.length === 1 || error instanceof StorageUnavailableError) {
        for (const { reject } of group) reject(error);
        return;
      }
      // One of them failed. Run alone, each gets its own result, and the others succeed.
      await Promise.all(group.map((write) => commit([write])));
    }
  };

  const work = async () => {
    // Gathers the writes of this turn of the event loop.
    await nextTurn();
    while (waiting.length > 0) {
      const group = commit(waiting);
      waiting = [];
      underWay.add(group);
      let timer: NodeJS.Timeout | undefined;
      const overdue = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, lockTimeout);
      });
      await Promise.race([group.finally(() => underWay.delete(group)), overdue]);
      clearTimeout(timer);
    }
    working = undefined;
  };

  return {
    async add(write) {
      if (write.first.length + write.rest.length > many) return (await transaction([write]))[0] ?? [];
      return new Promise((resolve, reject) => {
        waiting.push({ write, resolve, reject });
        working ??= work();
      });
    },
    async done() {
      await working;
      await Promise.all(underWay);
    },
  };
};
