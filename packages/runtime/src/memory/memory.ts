import { writtenByUser } from "../attachments/index.ts";
import { firstOf, type Worker } from "../base/index.ts";
import type { Knowledge, KnowledgePassage } from "../knowledge/index.ts";
import type { Passage } from "../models/index.ts";
import {
  type Candidate,
  formationSpace,
  type MemoryRepository,
  type Owner,
  type Statement,
  userSpace,
} from "../store/index.ts";
import { wordsOf, wordsToFind } from "../text/index.ts";
import { asksForEarlier } from "./earlier.ts";
import type { EndedTurn, Learner } from "./learner.ts";
import type { OwnMemories } from "./own-memories.ts";
import type { MemorySearch } from "./search.ts";
import { isSensitive } from "./sensitive.ts";
import type { SessionSummaries, WindowPlace } from "./session-summaries.ts";
import type { Synopses } from "./synopsis.ts";
import type { VectorSearch } from "./vectors.ts";

export interface RecallRequest {
  owner: Owner;
  sessionId: string;
  requestId: string;
  message: string;
  /** Contents of messages that the model sees anyway: they need not be recalled. */
  inContext: ReadonlySet<string>;
  window: WindowPlace;
  /** Whether to learn from the message. False for messages that no user wrote, such as those of triggers. */
  learns: boolean;
}

export interface Recollection {
  /** A short profile of the user; empty when there is none. */
  synopsis: string;
  /** What stands in place of what fell out of the window; empty when there is nothing. */
  summary: string;
  /** Memories that are relevant to the message, best first, then what the user said that is not learned yet. */
  remembered: Passage[];
  /** For the transaction that stores the message, so that nothing that was said is lost. */
  learned: Statement[];
}

/** What a formation remembers and knows. */
export interface Memory {
  /** What a user may list and have forgotten in a chat; undefined where nothing is remembered. */
  own: OwnMemories | undefined;
  recall(request: RecallRequest): Promise<Recollection>;
  /**
   * Passages of an agent's documents that are relevant to a message, best first.
   *
   * @param earlier Messages of the user before it.
   */
  documents(agentId: string, message: string, earlier: readonly string[]): Promise<KnowledgePassage[]>;
  /** Called when a turn has ended: what was said is learned soon, in the background. */
  ended(turn: EndedTurn & { learns: boolean }): void;
  /** Stops the background work. The rest is done after the next start. */
  close(): Promise<void>;
}

/** The parts of long-term memory. */
export interface LongTermMemory {
  memories: Pick<MemoryRepository, "versions">;
  search: MemorySearch;
  vectors: VectorSearch | undefined;
  learner: Learner;
  synopses: Synopses;
  summaries: SessionSummaries;
  /** What else works in the background. */
  background: readonly Pick<Worker, "close">[];
}

const recalledMemories = 3;
const recalledUnlearned = 5;
/** Most earlier values of all the recalled memories that are shown to who asks for them. */
const recalledVersions = 12;
/** Characters of a message that is recalled. */
const longestRecalled = 1_000;

/** Characters of messages whose words are kept: those that wait are looked at again with each of their user's chats. */
const mostKept = 1_000_000;

/** A message that is not learned yet. */
interface Said {
  text: string;
  words: ReadonlySet<string>;
  /** How it is recalled; undefined when it holds something confidential. */
  recalled: string | undefined;
}

const saidIn = (message: string): Said => {
  const text = writtenByUser(message);
  const recalled = `The user said: ${text.replace(/\s+/g, " ").trim().slice(0, longestRecalled)}`;
  return {
    text: message.trim(),
    words: new Set(wordsOf(text)),
    recalled: isSensitive(text) ? undefined : recalled,
  };
};

/**
 * Chooses among messages that are not learned yet, newest first: those that share most words, then the newest. It is
 * done twenty times a chat, so that no order of use is kept: what is known of the messages is all forgotten when it is
 * too much.
 */
const createRecentlySaid = () => {
  const known = new Map<string, Said>();
  let kept = 0;

  const readOf = (message: string): Said => {
    let said = known.get(message);
    if (!said) {
      said = saidIn(message);
      kept += message.length;
      if (kept > mostKept) {
        known.clear();
        kept = message.length;
      }
      known.set(message, said);
    }
    return said;
  };

  return (
    messages: readonly string[],
    { inContext, text, words }: { inContext: ReadonlySet<string>; text: string; words: readonly string[] },
  ): string[] => {
    const recallable: { recalled: string; shared: number }[] = [];
    for (const message of messages) {
      if (inContext.has(message)) continue;
      const said = readOf(message);
      if (said.recalled === undefined || said.text === text) continue;
      let shared = 0;
      for (const word of words) if (said.words.has(word)) shared += 1;
      recallable.push({ recalled: said.recalled, shared });
    }
    return firstOf(recallable, recalledUnlearned, (one, other) => other.shared - one.shared).map(
      ({ recalled }) => recalled,
    );
  };
};

const day = (time: number): string => new Date(time).toISOString().slice(0, 10);

/** What some memories say, each with what it said before. */
const withHistory = async (
  memories: Pick<MemoryRepository, "versions">,
  remembered: readonly Candidate[],
): Promise<string[]> => {
  const seqs = remembered.map(({ seq }) => seq);
  const versions = seqs.length === 0 ? [] : await memories.versions(seqs, recalledVersions);
  const shown = versions.slice(0, recalledVersions);
  return remembered.flatMap(({ seq, content }) => {
    const earlier = shown.filter(({ memorySeq }) => memorySeq === seq);
    const [last] = earlier;
    if (!last) return [content];
    return [
      `${content} (since ${day(last.validTo)})`,
      ...earlier.map((version) => `${version.content} (before ${day(version.validTo)})`),
    ];
  });
};

export const createMemory = (deps: {
  longTerm: LongTermMemory | undefined;
  own: OwnMemories | undefined;
  knowledge: Knowledge;
}): Memory => {
  const { longTerm, knowledge } = deps;
  const recentlySaid = createRecentlySaid();
  /** Sessions whose turn under way is the last one before their window is full. */
  const nearlyFull = new Set<string>();
  return {
    own: deps.own,
    async recall({ owner, message, inContext, window, ...turn }) {
      if (!longTerm) return { synopsis: "", summary: "", remembered: [], learned: [] };
      const text = message.trim();
      const words = wordsToFind(text);
      const spaces = [userSpace(owner), formationSpace(owner.formationId)];
      const { from, slidesTo } = window;
      const [found, synopsis, unlearned, summary] = await Promise.all([
        longTerm.search.find(spaces, text, words, recalledMemories + inContext.size),
        longTerm.synopses.of(owner),
        longTerm.learner.unlearned(owner),
        from === undefined ? "" : longTerm.summaries.inPlaceOf(owner, turn.sessionId, from),
      ]);
      const isNew = (content: string) => !inContext.has(content) && content.trim() !== text;
      const isPinned = ({ pinned }: Candidate) => pinned === 1;
      const pinned = found.filter(isPinned);
      const others = found.filter((memory) => !isPinned(memory) && isNew(memory.content));
      const remembered = [...pinned, ...others.slice(0, recalledMemories)];
      const texts =
        remembered.length > 0 && asksForEarlier(text)
          ? await withHistory(longTerm.memories, remembered)
          : remembered.map(({ content }) => content);
      const said = recentlySaid(unlearned, { inContext, text, words });
      const asking = longTerm.summaries.asking(owner, turn.sessionId, slidesTo);
      if (slidesTo !== undefined && asking.length > 0) nearlyFull.add(turn.sessionId);
      const learned = turn.learns
        ? longTerm.learner.withMessage(
            { owner, message: text, words, ...turn },
            new Set(found.map(({ content }) => content)),
          )
        : [];
      return {
        synopsis,
        summary,
        remembered: [...texts, ...said].map((text) => ({
          text,
          source: "memory",
          kind: "memory",
        })),
        learned: [...learned, ...asking],
      };
    },
    documents: (agentId, message, earlier) => knowledge.search(agentId, message, { earlier }),
    ended({ learns, ...turn }) {
      const isNearlyFull = nearlyFull.delete(turn.sessionId);
      if (learns) longTerm?.learner.ended(turn, isNearlyFull);
      if (isNearlyFull) longTerm?.summaries.asked();
      longTerm?.vectors?.wake();
    },
    async close() {
      for (const worker of longTerm?.background ?? []) await worker.close();
      await longTerm?.learner.close();
      await longTerm?.synopses.close();
      await longTerm?.summaries.close();
      await longTerm?.vectors?.close();
    },
  };
};
