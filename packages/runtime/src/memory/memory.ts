import type { Passage } from "../models/index.ts";
import type { NewStatement, Owner, SessionRepository } from "../store/index.ts";
import type { Knowledge } from "./knowledge.ts";
import { rank, wordsOf } from "./text.ts";

export interface RecallRequest {
  owner: Owner;
  agentId: string;
  message: string;
  /** Messages that the model sees anyway. */
  inContext: ReadonlySet<string>;
}

export interface Recollection {
  /** What belongs to the message: first what its user said before, then what the agent's documents say. */
  passages: Passage[];
  /** What the message itself states and is new: to be stored with it. */
  statement: NewStatement | null;
}

/** What a formation remembers and knows. */
export interface Memory {
  recall(request: RecallRequest): Promise<Recollection>;
}

const recalledStatements = 3;
const recalledChunks = 5;
/** Statements that are read and ranked: the newest that share a word with the message. */
const candidates = 200;
const longestStatement = 2_000;
/** Words of a message that are looked up: more find nothing better. */
const mostWords = 16;
/** Fewer words than these state nothing worth recalling. */
const leastWords = 2;

export const createMemory = (deps: { sessions: SessionRepository; knowledge: Knowledge }): Memory => ({
  async recall({ owner, agentId, message, inContext }) {
    const text = message.trim();
    const words = [...new Set(wordsOf(text))];
    const looked = words.slice(0, mostWords);
    const stated = await deps.sessions.statements(owner, looked, candidates);
    const others = stated.filter((statement) => !inContext.has(statement.text) && statement.text !== text);
    const remembered = rank(looked, others, (statement) => statement.text).slice(0, recalledStatements);
    const known = deps.knowledge.search(agentId, looked, recalledChunks);
    const isNew =
      !text.endsWith("?") &&
      text.length <= longestStatement &&
      words.length >= leastWords &&
      !stated.some((statement) => statement.text === text);
    return {
      passages: [
        ...remembered.map(
          (statement): Passage => ({ text: statement.text, source: "memory", kind: "memory" }),
        ),
        ...known.map((chunk): Passage => ({ text: chunk.text, source: chunk.source, kind: "knowledge" })),
      ],
      statement: isNew ? { text, words } : null,
    };
  },
});
