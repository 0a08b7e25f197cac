import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import { createWorker, fewAtOnce } from "../base/index.ts";
import type { Model } from "../models/index.ts";
import {
  type Candidate,
  type Exchange,
  type Lesson,
  type LessonRepository,
  type MemoryRepository,
  type NewMemory,
  type Owner,
  type Statement,
  userSpace,
} from "../store/index.ts";
import { wordsOf } from "../text/index.ts";
import { extractFacts } from "./extraction.ts";
import { pace } from "./pace.ts";
import { type Fact, factIn } from "./rules.ts";
import type { MemorySearch } from "./search.ts";
import { isSensitive } from "./sensitive.ts";
import type { Synopses } from "./synopsis.ts";

/** A message that comes in. */
export interface LearnedTurn {
  owner: Owner;
  sessionId: string;
  requestId: string;
  message: string;
  /** Those of the message that matter, each once. */
  words: readonly string[];
}

/** Takes facts from conversations. */
export interface Learner {
  /**
   * Statements for the transaction that stores the message: facts, or a note that the turn is to be learned from.
   *
   * @param known Contents that are remembered already.
   */
  withMessage(turn: LearnedTurn, known: ReadonlySet<string>): Statement[];
  /** The turn has ended. */
  ended(requestId: string): void;
  close(): Promise<void>;
}

/** The memory that a learned fact becomes. */
const memoryOf = (
  fact: Fact,
  { owner, sessionId }: { owner: Owner; sessionId: string },
  now: number,
): NewMemory => ({
  owner,
  scope: "user",
  scopeId: null,
  subject: fact.subject,
  collection: fact.collection,
  content: fact.content,
  words: [...new Set(wordsOf(fact.content))],
  metadata: { confidence: fact.confidence, session_id: sessionId },
  source: "extraction",
  importance: fact.importance,
  now,
});

/** A message of fewer words states nothing that lasts. */
const leastWords = 2;

/** Learns by rule, in the very transaction that stores the message: needs no language model. */
export const createRuleLearner = (deps: { memories: MemoryRepository; now: () => number }): Learner => ({
  withMessage(turn, known) {
    const fact = factIn(turn.message);
    if (!fact || known.has(fact.content) || isSensitive(fact.content)) return [];
    return deps.memories.keep(memoryOf(fact, turn, deps.now()));
  },
  ended() {},
  async close() {},
});

/** A turn that has not ended after so long never will, in milliseconds: an answer takes 600 s at most. */
const longestTurn = 900_000;
/** For so long nobody else learns from the turns that a process has taken, in milliseconds. */
const lease = 120_000;
const retryAfter = 30_000;
const mostAttempts = 3;
/** Ended turns that are kept in mind; of more it is only known that they are due at last. */
const mostEnded = 10_000;
/** Turns of processes that are gone are looked for so often, in milliseconds. */
const lookAgainAfter = 300_000;
/** What one process takes at once: no more than it can ask about within its lease. */
const usersAtOnce = 50;
const turnsAtOnce = 500;
/** Turns of one user that are put into one question, and users who are asked about at the same time. */
const turnsPerCall = 10;
const callsAtOnce = 4;
/** The more turns there were, the longer more of their users' are waited for, in milliseconds. */
const pausePerTurn = 4;
const longestPause = 1_000;
/** Known memories that the model is shown, and words of what was said by which they are found. */
const knownShown = 10;
const mostWords = 32;

/** What each user said, oldest first, in equal parts that are put into one question each. */
const partsOfUsers = (lessons: readonly Lesson[]): Lesson[][][] => {
  const users = new Map<string, Lesson[]>();
  for (const lesson of lessons.toSorted((a, b) => a.seq - b.seq)) {
    const said = users.get(lesson.owner.userId);
    if (said) said.push(lesson);
    else users.set(lesson.owner.userId, [lesson]);
  }
  return [...users.values()].map((said) => {
    const size = Math.ceil(said.length / Math.ceil(said.length / turnsPerCall));
    const parts: Lesson[][] = [];
    for (let from = 0; from < said.length; from += size) parts.push(said.slice(from, from + size));
    return parts;
  });
};

/**
 * Learns in the background by asking a model. Which turns are still to be learned from stands in the database, so that
 * a crash costs nothing but time; turns of a user that end close to one another share one call, unless what they tell is
 * more than one answer holds.
 */
export const createModelLearner = (deps: {
  formationId: string;
  model: Model;
  maxTokens: number;
  memories: MemoryRepository;
  lessons: LessonRepository;
  search: MemorySearch;
  synopses: Synopses;
  /** Called when there are new memories. */
  onLearned: () => void;
  now: () => number;
  log: Logger;
}): Learner => {
  const { formationId, lessons, memories, now, log } = deps;
  let ended: string[] = [];

  /** What is remembered of a user that may have to do with what was said. */
  const knownOf = async (owner: Owner, exchanges: readonly Exchange[]): Promise<Candidate[]> => {
    const text = exchanges.map(({ message }) => message).join("\n");
    const each = Math.ceil(mostWords / exchanges.length);
    const words = exchanges.flatMap(({ message }) => [...new Set(wordsOf(message))].slice(0, each));
    const found = await deps.search.find([userSpace(owner)], text, [...new Set(words)], knownShown);
    return found.slice(0, knownShown);
  };

  const learnFrom = async (group: readonly Lesson[], signal: AbortSignal): Promise<void> => {
    const [first] = group;
    if (!first) return;
    const { owner } = first;
    const said = await Promise.all(group.map((lesson) => lessons.exchange(lesson)));
    const exchanges = said.filter((exchange) => exchange !== undefined);
    const known = await knownOf(owner, exchanges);
    const { facts, isCut } =
      exchanges.length === 0
        ? { facts: [], isCut: false }
        : await extractFacts(deps, exchanges, known, signal);
    if (isCut && group.length > 1) {
      const half = Math.ceil(group.length / 2);
      await learnFrom(group.slice(0, half), signal);
      return learnFrom(group.slice(half), signal);
    }
    await lessons.finish(
      group,
      facts.flatMap((fact) => memories.keep(memoryOf(fact, first, now()))),
    );
    if (facts.length === 0) return;
    deps.onLearned();
    deps.synopses.outdated(
      owner,
      facts.map(({ collection }) => collection),
    );
  };

  const tryToLearn = async (group: readonly Lesson[], signal: AbortSignal): Promise<void> => {
    try {
      await learnFrom(group, signal);
    } catch (error) {
      if (signal.aborted) return lessons.giveBack(group, now(), false);
      log.warn({ err: error, turns: group.length }, "nothing could be learned from a conversation yet");
      const hopeless = group.filter(({ attempts }) => attempts + 1 >= mostAttempts);
      await lessons.finish(hopeless, []);
      await lessons.giveBack(group, now() + retryAfter, true);
    }
  };

  const look = async (signal: AbortSignal): Promise<number | undefined> => {
    while (!signal.aborted) {
      const asked = ended.slice(0, turnsAtOnce);
      const claimed = await lessons.claim(formationId, {
        requestIds: asked,
        now: now(),
        until: now() + lease,
        limit: turnsAtOnce,
        users: usersAtOnce,
      });
      // Those that are left had no room; where nothing was claimed there is nothing to learn from them.
      const done = new Set(claimed.length === 0 ? asked : claimed.map(({ requestId }) => requestId));
      ended = ended.filter((requestId) => !done.has(requestId));
      if (claimed.length === 0 && ended.length === 0) return lookAgainAfter;
      await fewAtOnce(partsOfUsers(claimed), callsAtOnce, async (parts) => {
        // One part of a user after the other: what was said last is to hold.
        for (const part of parts) await tryToLearn(part, signal);
      });
      if (ended.length >= turnsAtOnce) continue;
      const pause = Math.min(claimed.length * pausePerTurn, longestPause);
      await sleep(pause, undefined, { signal, ref: false }).catch(() => {});
    }
    return undefined;
  };

  const worker = createWorker({ what: "learning from conversations", look, ...pace, log });
  const resume = async () => {
    ended.push(...(await lessons.answered(formationId)));
    worker.wake();
  };
  const resumed = resume().catch((error) =>
    log.error({ err: error }, "unfinished learning could not be read"),
  );

  return {
    withMessage: ({ owner, sessionId, requestId, words }) =>
      words.length < leastWords
        ? []
        : [lessons.note(owner, sessionId, requestId, now(), now() + longestTurn)],
    ended(requestId) {
      if (ended.length < mostEnded) ended.push(requestId);
      worker.wake();
    },
    async close() {
      await resumed;
      await worker.close();
    },
  };
};
