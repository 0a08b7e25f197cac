import { setImmediate as nextTurn } from "node:timers/promises";
import type { Statement, WriteResult } from "../database/index.ts";
import { StorageUnavailableError } from "../database/index.ts";

/** What one caller writes: statements, and what is only written when the first of them changed a row. */
export interface Write {
  first: readonly Statement[];
  rest: readonly Statement[];
}

/** Writes all or nothing; gives what the first statements of each did. */
export type Transaction = (writes: readonly Write[]) => Promise<WriteResult[][]>;

interface PendingWrite {
  write: Write;
  resolve: (results: WriteResult[]) => void;
  reject: (error: unknown) => void;
}

/** Statements of a write that has a transaction of its own: others do not wait for so many. */
const many = 50;
/**
 * Milliseconds that writes wait for each other: for a lock that one of them needs, and for the transaction under way.
 * Another process that was stopped in the middle of one may keep a lock for long.
 */
export const patience = 200;

export interface WriteQueue {
  add(write: Write): Promise<WriteResult[]>;
  /** Settles when all that was added is on disk or has failed. */
  done(): Promise<void>;
}

/**
 * Writes that come while a transaction is under way share the next one, and so its journeys to the server and its wait
 * for the disk.
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
      // One of them failed. Alone, each gets its own result and the innocent ones go through.
      await Promise.all(group.map((write) => commit([write])));
    }
  };

  const work = async () => {
    // The first one waits for those of the same turn of the event loop.
    await nextTurn();
    while (waiting.length > 0) {
      const group = commit(waiting);
      waiting = [];
      underWay.add(group);
      let timer: NodeJS.Timeout | undefined;
      const overdue = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, patience);
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
