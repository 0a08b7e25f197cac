/** What agents know from documents: they are indexed in the formation's database, and searched there. */
export { describePassage, shortened } from "./described.ts";
export type { SourceStatus, SourcesElsewhere } from "./elsewhere.ts";
export { type KnowingAgent, readingLimits, shuttingDown, type UnderstandingOf } from "./indexer.ts";
export type { SourceResult } from "./indexing.ts";
export { type Knowledge, type KnowledgeStatus, knowingAgents, openKnowledge } from "./knowledge.ts";
export { createNearWords } from "./near-words.ts";
export { originOf, shortDigest } from "./origin.ts";
export { type KnowledgePassage, placeOf, type SearchOptions } from "./place.ts";
export { createTurn, type Turn } from "./turns.ts";
export {
  type AgentKnowledge,
  createDocumentWriter,
  digestOf,
  settingsOf,
  type WritingDeps,
} from "./writing.ts";
