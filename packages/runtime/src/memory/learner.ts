import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import { writtenByUser } from "../attachments/index.ts";
import { createWorker, fewAtOnce } from "../base/index.ts";
import type { Model } from "../models/index.ts";
import {
  type Candidate,
  type LearnableTurn,
  type Lesson,
  type LessonRepository,
  type LessonSession,
  type MemoryOrigin,
  type MemoryRepository,
  type NewMemory,
  type Owner,
  type Statement,
  userSpace,
} from "../store/index.ts";
import { indexWordsOf, wordsOf } from "../text/index.ts";
import { extractFacts } from "./extraction.ts";
import { withoutCommand } from "./instruction.ts";
import { pace } from "./pace.ts";
import { type Fact, factIn } from "./rules.ts";
import type { MemorySearch } from "./search.ts";
import { isSensitive } from "./sensitive.ts";
import type { Synopses } from "./synopsis.ts";
import { tellsOfUser } from "./telling.ts";
import { createWaitingSessions } from "./waiting-sessions.ts";

/** A message to learn from. */
export interface LearnedTurn {
  owner: Owner;
  sessionId: string;
  requestId: string;
  message: string;
  /** The words of the message that matter, each once. */
  words: readonly string[];
}

/** A turn that is over, however it ended. */
export interface EndedTurn extends LessonSession {
  message: string;
}

/** Learns facts from conversations (docs/spec/formation-files.md "Learning"). */
export interface Learner {
  /**
   * Statements for the transaction that stores the message: the facts, or a note that there is a turn to learn from.
   *
   * @param known Contents that are remembered already.
   */
  withMessage(turn: LearnedTurn, known: ReadonlySet<string>): Statement[];
  /**
   * Called when a turn has ended.
   *
   * @param isUrgent Whether to learn from its session at once: turns are about to fall out of the window.
   */
  ended(turn: EndedTurn, isUrgent: boolean): void;
  /** What a user has said and nothing was learned from yet, newest first. */
  unlearned(owner: Owner): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** A fact as a memory to store. */
const memoryOf = (owner: Owner, found: Fact, origin: Omit<MemoryOrigin, "quote">, now: number): NewMemory => {
  const fact = withoutCommand(found);
  return {
    owner,
    scope: "user",
    scopeId: null,
    subject: fact.subject,
    collection: fact.collection,
    content: fact.content,
    words: indexWordsOf(fact.content, fact.words),
    metadata: { confidence: fact.confidence, session_id: origin.sessionId },
    source: "extraction",
    origin: { ...origin, quote: fact.quote },
    importance: fact.importance,
    now,
  };
};

const originOf = ({ sessionId, requestId, messageId, saidAt }: LearnableTurn) => ({
  sessionId,
  requestId,
  messageId,
  saidAt,
});

/** A message with fewer words states no lasting fact. */
const leastWords = 2;

/** Learns nothing. */
export const nothingLearned: Learner = {
  withMessage: () => [],
  ended() {},
  unlearned: async () => [],
  async close() {},
};

/** Learns by rules, without a language model, in the very transaction that stores the message. */
export const createRuleLearner = (deps: { memories: MemoryRepository; now: () => number }): Learner => ({
  ...nothingLearned,
  withMessage(turn, known) {
    const fact = factIn(turn.message);
    if (!fact || known.has(fact.content) || isSensitive(fact.content)) return [];
    const { owner, sessionId, requestId } = turn;
    const now = deps.now();
    return deps.memories.keep([
      memoryOf(owner, fact, { sessionId, requestId, messageId: null, saidAt: now }, now),
    ]);
  },
});

/** A turn that has not ended after this time never will, in milliseconds: an answer takes 600 s at most. */
const longestTurn = 900_000;
/** For how long the turns that a process has claimed are its own, in milliseconds. */
const lease = 120_000;
/** Pause before an attempt that failed is repeated, in milliseconds. */
const retryAfter = 30_000;
const mostAttempts = 3;
/** Nobody waits for sessions in which nothing was said for so long, in milliseconds: their process has ended. */
const abandonedAfter = 180_000;
/** How often to look for them, in milliseconds, and how many to take up at once. */
const lookAgainAfter = 120_000;
const mostAbandoned = 1_000;
/** What one process claims at once: no more than it can handle within its lease. */
const turnsAtOnce = 500;
/** Most turns of one user in one call of the model, and most calls at the same time. */
const turnsPerCall = 10;
const callsAtOnce = 4;
/** Pause after a batch, in milliseconds for each of its turns: under load more turns of a user gather for one call. */
const pausePerTurn = 4;
const longestPause = 1_000;
/** Most known memories that the model is shown, and most words by which to find them. */
const knownShown = 20;
const mostWords = 128;

/** The turns of each user, oldest first, in parts of equal size: one call of the model each. */
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
 * Learns in the background by asking a model. The database holds which turns are still to be learned from, so a crash
 * costs nothing but time. Turns of a session wait for one another, and those of a user that are due at the same time
 * share one call, unless their facts do not fit into one answer.
 */
export const createModelLearner = (deps: {
  formationId: string;
  model: Model;
  maxTokens: number;
  /** IANA name of the time zone in which users say "today". */
  zone: string;
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
  const waiting = createWaitingSessions(now);
  /** Unix milliseconds. */
  let lookForAbandonedAt = Number.POSITIVE_INFINITY;

  /** Memories of a user that may be related to what was said. */
  const knownOf = async (owner: Owner, turns: readonly LearnableTurn[]): Promise<Candidate[]> => {
    const text = turns.map(({ message }) => message).join("\n");
    const each = Math.ceil(mostWords / turns.length);
    const words = turns.flatMap(({ message }) => [...new Set(wordsOf(message))].slice(0, each));
    const found = await deps.search.find([userSpace(owner)], text, [...new Set(words)], knownShown);
    return found.slice(0, knownShown);
  };

  const learnFrom = async (group: readonly Lesson[], signal: AbortSignal): Promise<void> => {
    const [first] = group;
    if (!first) return;
    const { owner } = first;
    const said = await lessons.turnsOf(group);
    const turns = said.map((turn) => ({ ...turn, message: writtenByUser(turn.message) }));
    const known = await knownOf(owner, turns);
    const { facts, isCut } =
      turns.length === 0 ? { facts: [], isCut: false } : await extractFacts(deps, turns, known, signal);
    if (isCut && group.length > 1) {
      const half = Math.ceil(group.length / 2);
      await learnFrom(group.slice(0, half), signal);
      return learnFrom(group.slice(half), signal);
    }
    const isStored = await lessons.finish(
      group,
      memories.keep(facts.map((fact) => memoryOf(owner, fact, originOf(fact.turn), now()))),
    );
    if (!isStored || facts.length === 0) return;
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
      if (signal.aborted) return lessons.release(group, now(), false);
      log.warn({ err: error, turns: group.length }, "learning from a conversation failed");
      const hopeless = group.filter(({ attempts }) => attempts + 1 >= mostAttempts);
      if (hopeless.length > 0) await lessons.finish(hopeless, []);
      const again = now() + retryAfter;
      await lessons.release(group, again, true);
      for (const lesson of group) waiting.dueFrom(lesson, again);
    }
  };

  /** Takes up what processes left behind that have ended. */
  const takeUp = async (since: number): Promise<void> => {
    lookForAbandonedAt = now() + lookAgainAfter;
    const abandoned = await lessons.silent(formationId, { since, now: now(), limit: mostAbandoned });
    for (const session of abandoned) waiting.dueFrom(session, now());
  };

  const look = async (signal: AbortSignal): Promise<number | undefined> => {
    while (!signal.aborted) {
      if (now() >= lookForAbandonedAt) await takeUp(now() - abandonedAfter);
      const due = waiting.take();
      if (due.length === 0) return Math.min(waiting.next() ?? lookAgainAfter, lookAgainAfter);
      const claimed = await lessons.claim(formationId, due, {
        now: now(),
        begunBefore: now() - longestTurn,
        until: now() + lease,
        limit: turnsAtOnce,
      });
      await fewAtOnce(partsOfUsers(claimed), callsAtOnce, async (parts) => {
        // The parts of a user one after the other: what was said last must win.
        for (const part of parts) await tryToLearn(part, signal);
      });
      const pause = Math.min(claimed.length * pausePerTurn, longestPause);
      await sleep(pause, undefined, { signal, ref: false }).catch(() => {});
    }
    return undefined;
  };

  const worker = createWorker({ what: "learning from conversations", look, ...pace, log });
  const resumed = takeUp(now())
    .catch((error) => log.error({ err: error }, "turns that are still to be learned from could not be read"))
    .then(() => worker.wake());

  return {
    withMessage: ({ owner, sessionId, requestId, words }) =>
      words.length < leastWords ? [] : [lessons.note(owner, sessionId, requestId, now())],
    ended({ owner, sessionId, message }, isUrgent) {
      waiting.ended({ owner, sessionId }, isUrgent || tellsOfUser(message));
      worker.wake();
    },
    unlearned: lessons.unlearned,
    async close() {
      await resumed;
      await worker.close();
    },
  };
};
