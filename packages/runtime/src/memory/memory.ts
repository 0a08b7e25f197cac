import type { Passage } from "../models/index.ts";
import { formationSpace, type Owner, type Statement, userSpace } from "../store/index.ts";
import { wordsOf } from "../text/index.ts";
import type { Knowledge } from "./knowledge.ts";
import type { Learner } from "./learner.ts";
import type { MemorySearch } from "./search.ts";
import type { Synopses } from "./synopsis.ts";
import type { VectorSearch } from "./vectors.ts";

export interface RecallRequest {
  owner: Owner;
  sessionId: string;
  requestId: string;
  agentId: string;
  message: string;
  /** Messages that the model sees anyway. */
  inContext: ReadonlySet<string>;
  /** False for messages that no user wrote, such as those of triggers: nothing is learned from them. */
  learns: boolean;
}

export interface Recollection {
  /** What is known of the user in short; empty when nothing is. */
  synopsis: string;
  /** What belongs to the message: first what is remembered, then what the agent's documents say. */
  passages: Passage[];
  /** Written in the transaction that stores the message, so that nothing told is lost. */
  learned: Statement[];
}

/** What a formation remembers and knows. */
export interface Memory {
  recall(request: RecallRequest): Promise<Recollection>;
  /** To be called when a turn has ended: what it said is learned soon, in the background. */
  learn(requestId: string): void;
  /** Ends the work in the background; what is left is done after the next start. */
  close(): Promise<void>;
}

/** Long-term memory, where the formation has it. */
export interface LongTermMemory {
  search: MemorySearch;
  vectors: VectorSearch | undefined;
  learner: Learner;
  synopses: Synopses;
}

const recalledMemories = 3;
const recalledChunks = 5;
/** Words of a message that are looked up: more find nothing better. */
const mostWords = 16;

export const createMemory = (deps: {
  longTerm: LongTermMemory | undefined;
  knowledge: Knowledge;
}): Memory => {
  const { longTerm, knowledge } = deps;
  return {
    async recall({ owner, agentId, message, inContext, ...turn }) {
      const text = message.trim();
      const words = [...new Set(wordsOf(text))].slice(0, mostWords);
      const known = knowledge.search(agentId, words, recalledChunks);
      const documents = known.map(
        (chunk): Passage => ({ text: chunk.text, source: chunk.source, kind: "knowledge" }),
      );
      if (!longTerm) return { synopsis: "", passages: documents, learned: [] };

      const spaces = [userSpace(owner), formationSpace(owner.formationId)];
      const [found, synopsis] = await Promise.all([
        longTerm.search.find(spaces, text, words, recalledMemories + inContext.size),
        longTerm.synopses.of(owner),
      ]);
      const remembered = found
        .filter(({ content }) => !inContext.has(content) && content !== text)
        .slice(0, recalledMemories);
      return {
        synopsis,
        passages: [
          ...remembered.map(({ content }): Passage => ({ text: content, source: "memory", kind: "memory" })),
          ...documents,
        ],
        learned: turn.learns
          ? longTerm.learner.withMessage(
              { owner, message: text, words, ...turn },
              new Set(found.map(({ content }) => content)),
            )
          : [],
      };
    },
    learn(requestId) {
      longTerm?.learner.ended(requestId);
      longTerm?.vectors?.wake();
    },
    async close() {
      await longTerm?.learner.close();
      await longTerm?.synopses.close();
      await longTerm?.vectors?.close();
    },
  };
};
