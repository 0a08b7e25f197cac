/** Commands that search what the agents of a running formation know, and have it read again. */
export { type KnowledgeOptions, rebuildKnowledge, syncKnowledge } from "./reading.ts";
export { type KnowledgeSearchOptions, searchKnowledge } from "./search.ts";
