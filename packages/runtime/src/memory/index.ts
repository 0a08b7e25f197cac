/** What a formation remembers about its users and knows from its documents. */
export type { Asking, ItemStatus, MemoryEntries, TracedMemory } from "./entries.ts";
export type { Memory } from "./memory.ts";
export { openMemory } from "./open.ts";
export type { Forgettable, OwnMemories } from "./own-memories.ts";
export { withoutSecrets } from "./summary-text.ts";
