import type { Passage } from "../models/index.ts";
import type { Owner, SessionRepository } from "../store/index.ts";
import type { Knowledge } from "./knowledge.ts";
import { rank, wordsOf } from "./text.ts";

export interface RecallRequest {
  owner: Owner;
  agentId: string;
  message: string;
  /** Messages that the model sees anyway. */
  inContext: ReadonlySet<string>;
}

/** What a formation remembers and knows. */
export interface Memory {
  /** The passages that belong to a message: what its user said before and what the agent's documents say. */
  recall(request: RecallRequest): Promise<Passage[]>;
  /** What of a message is worth recalling later: null for a question or a greeting. */
  statementOf(message: string): string | null;
}

const recalledStatements = 3;
const recalledChunks = 5;
/** Statements that are read and ranked: the newest that share a word with the message. */
const candidates = 200;
const longestStatement = 2_000;
/** Words of a message that are looked up: more find nothing better. */
const mostWords = 16;

export const createMemory = (deps: { sessions: SessionRepository; knowledge: Knowledge }): Memory => ({
  async recall({ owner, agentId, message, inContext }) {
    const words = [...new Set(wordsOf(message))].slice(0, mostWords);
    const stated = await deps.sessions.statements(owner, words, candidates);
    const statements = stated.filter(({ text }) => !inContext.has(text));
    const remembered = rank(words, statements, ({ text }) => text).slice(0, recalledStatements);
    const known = deps.knowledge.search(agentId, words, recalledChunks);
    return [
      ...remembered.map(({ text }): Passage => ({ text, source: "memory", kind: "memory" })),
      ...known.map(({ text, source }): Passage => ({ text, source, kind: "knowledge" })),
    ];
  },

  statementOf(message) {
    const text = message.trim();
    const isQuestion = text.endsWith("?");
    return isQuestion || text.length > longestStatement || wordsOf(text).length < 2 ? null : text;
  },
});
