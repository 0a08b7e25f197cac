import { setTimeout as delay } from "node:timers/promises";
import { isGone, newLeaseOwner } from "../background/index.ts";
import type { KnowledgeTurns } from "../store/index.ts";

/** When a turn that is kept is renewed, in milliseconds. */
const renewAfter = 20_000;
/** How often a turn is kept while something is waited for, in milliseconds. */
const keepEvery = 10_000;

/** The turn of this process to work on what an agent knows: of several processes, one works. */
export interface Turn {
  /** False when another process has it. */
  take(seq: number): Promise<boolean>;
  /** Keeps it while work goes on. @throws Error when another process has taken it */
  keep(seq: number): Promise<void>;
  leave(seq: number): Promise<void>;
}

/** @param lasts Milliseconds after which another process may take it: longer than what is done without keeping it. */
export const createTurn = (turns: KnowledgeTurns, now: () => number, lasts: number): Turn => {
  const holder = newLeaseOwner();
  /** When it was last taken, by `performance.now()`. */
  const taken = new Map<number, number>();

  const take = async (seq: number): Promise<boolean> => {
    taken.set(seq, performance.now());
    const turn = { holder, now: now(), until: now() + lasts };
    if (await turns.take(seq, turn)) return true;
    const other = await turns.holder(seq);
    return isGone(other) && turns.take(seq, { ...turn, ended: other });
  };

  return {
    take,
    async keep(seq) {
      if (performance.now() - (taken.get(seq) ?? 0) < renewAfter) return;
      if (!(await take(seq)))
        throw new Error("another process has taken the turn to work on these documents");
    },
    async leave(seq) {
      await turns.take(seq, { holder, now: now(), until: 0 });
    },
  };
};

/**
 * Waits for work that may take longer than a turn lasts, such as reading many pictures.
 *
 * @param keep Keeps the turn. What it throws ends the wait.
 */
export const keepingTurn = async <Result>(
  work: Promise<Result>,
  keep: () => Promise<void>,
): Promise<Result> => {
  const done = new AbortController();
  const keepOn = async (): Promise<never> => {
    while (true) {
      await delay(keepEvery, undefined, { signal: done.signal });
      await keep();
    }
  };
  try {
    // Once it is done, the turn is kept by what follows.
    return await Promise.race([
      work,
      keepOn().catch((error) => (done.signal.aborted ? work : Promise.reject(error))),
    ]);
  } finally {
    done.abort();
  }
};
