/** What agents know from documents: they are indexed in the formation's database, and searched there. */
export { describePassage, shortened } from "./described.ts";
export type { SourceResult } from "./indexing.ts";
export { type Knowledge, type KnowledgeStatus, openKnowledge } from "./knowledge.ts";
export { type KnowledgePassage, placeOf } from "./place.ts";
