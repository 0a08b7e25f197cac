import { setTimeout as sleep } from "node:timers/promises";
import { parseCron } from "@muxi/formation";
import type { Logger } from "pino";
import { newLeaseOwner, nextMoment } from "../background/index.ts";
import { createWorker, type Worker } from "../base/index.ts";
import type { MemoryRepository, RetentionTurns } from "../store/index.ts";
import { type Fault, faultsAmong } from "./lint.ts";

/** A fault, and the user whose memories have it. */
export interface UserFault extends Fault {
  userId: string;
}

/** What was found in the memories of some users. */
export interface LintReport {
  users: number;
  memories: number;
  counts: Record<Fault["kind"], number>;
  /** The first of them. */
  faults: UserFault[];
}

/** Looks for faults in what is remembered (docs/spec/formation-files.md "Upkeep"). */
export interface MemoryLint {
  /** @param userId Undefined for all users. */
  check(userId: string | undefined, signal?: AbortSignal): Promise<LintReport>;
}

/** Memories of a user that are looked at: the newest. */
const mostOfUser = 2_000;
/** Faults that a report shows. */
const shownFaults = 100;
const usersAtOnce = 100;
/** Between two users chats have the processor: milliseconds. */
const pauseBetweenUsers = 5;

export const createMemoryLint = (deps: {
  formationId: string;
  memories: Pick<MemoryRepository, "list" | "usersAfter">;
  now: () => number;
}): MemoryLint => {
  const { formationId, memories, now } = deps;

  async function* usersFrom(userId: string | undefined): AsyncGenerator<string> {
    if (userId !== undefined) return yield userId;
    for (let after = ""; ; ) {
      const some = await memories.usersAfter(formationId, after, usersAtOnce);
      for (const user of some) yield user.userId;
      const last = some.at(-1);
      if (!last) return;
      after = last.space;
    }
  }

  return {
    async check(userId, signal) {
      const report: LintReport = {
        ...{ users: 0, memories: 0, faults: [] },
        counts: { contradiction: 0, double: 0, stale: 0 },
      };
      for await (const user of usersFrom(userId)) {
        if (report.users > 0) await sleep(pauseBetweenUsers, undefined, { signal, ref: false });
        const reader = { owner: { formationId, userId: user }, scopes: ["user" as const], now: now() };
        const listed = await memories.list(reader, { limit: mostOfUser, offset: 0, before: undefined });
        const faults = faultsAmong(listed, now());
        report.users += 1;
        report.memories += listed.length;
        for (const { kind } of faults) report.counts[kind] += 1;
        const room = shownFaults - report.faults.length;
        report.faults.push(...faults.slice(0, room).map((fault) => ({ ...fault, userId: user })));
      }
      return report;
    },
  };
};

/** Milliseconds after which another process may look when the one that did has ended. */
const turnLasts = 600_000;
/** How often to ask whether it is time: another process may have taken the turn before. */
const askAgainAfter = 60_000;
/** Beyond any schedule: a turn that ends later is none, since the clock was set back. */
const farthest = 400 * 86_400_000;
const pauseAfterFailure = 300_000;

/** Looks at the memories of all users by a schedule, in one process of the formation, and logs what it finds. */
export const startUpkeep = (deps: {
  formationId: string;
  lint: MemoryLint;
  turns: RetentionTurns;
  schedule: string;
  zone: string;
  now: () => number;
  log: Logger;
}): Worker => {
  const { lint, turns, zone, now, log } = deps;
  const cron = parseCron(deps.schedule);
  const holder = newLeaseOwner();
  // Ids of formations have no slash: the turn is kept beside that of the retention.
  const name = `${deps.formationId}/lint`;
  const take = (until: number) => turns.take(name, { holder, now: now(), until, farthest: now() + farthest });

  let due = Number.NEGATIVE_INFINITY;
  const worker = createWorker({
    what: "looking for faults in memories",
    async look(signal) {
      if (now() < due) return Math.min(due - now(), askAgainAfter);
      if (!(await take(now() + turnLasts))) return askAgainAfter;
      const { users, memories, counts } = await lint.check(undefined, signal);
      due = nextMoment(cron, zone, now()) ?? now() + farthest;
      await take(due);
      log.info({ users, memories, ...counts }, "the memories of all users were checked");
      return Math.min(due - now(), askAgainAfter);
    },
    pauseAfterFailure,
    log,
  });
  worker.wake();
  return worker;
};
