import { setTimeout as sleep } from "node:timers/promises";
import { readCounts } from "./counts.ts";
import { closedLoop, type Measured, type Subject, setPace } from "./measure.ts";

/**
 * Facts still come from chats before; none for so long, in milliseconds, means that none are left: a chat that states one
 * is learned from at once, and not after a minute of silence.
 */
const silence = 1_500;
const patience = 60_000;

/** Waits until no more facts are found, and gives when the last one was. */
const lastFact = async (subject: Subject): Promise<number> => {
  const begun = performance.now();
  let { facts } = await readCounts(subject);
  let at = begun;
  while (performance.now() < at + silence && performance.now() < begun + patience) {
    await sleep(25);
    const { facts: now } = await readCounts(subject);
    if (now > facts) at = performance.now();
    facts = now;
  }
  return at;
};

/** Chats that each state a fact, until the fact of each is learned. */
export const measureLearning = async (
  subject: Subject,
  options: { connections: number; seconds: number },
): Promise<Measured> => {
  await setPace(subject, 10, 0);
  await lastFact(subject);
  await subject.quiet();
  const before = await readCounts(subject);
  const stopMeter = subject.startMeter();
  const { figures, chats, problems } = await closedLoop(subject, { ...options, stream: true });
  const answered = performance.now();
  const learned = await lastFact(subject);
  const spent = stopMeter();
  const { facts } = await readCounts(subject);
  return {
    figures: {
      ...figures,
      cpuMsPerChat: spent.serverMs / chats,
      learnedAfter: (learned - answered) / 1000,
      notLearned: chats - (facts - before.facts),
    },
    spent,
    problems,
  };
};
