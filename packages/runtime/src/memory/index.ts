/** What a formation remembers of its users and knows from its documents. */
export { type Knowledge, openKnowledge } from "./knowledge.ts";
export { createMemory, type Memory } from "./memory.ts";
export { rank, wordsOf } from "./text.ts";
