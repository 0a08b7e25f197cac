import type { Migration } from "./migration.ts";

/** By its key a passage is found again that an answer named, whatever number it has by then. */
export const keysOfPassages: Migration = {
  name: "keys of passages",
  statements: () => [
    "alter table knowledge_passage add column passage_key text",
    "create index knowledge_passage_by_key on knowledge_passage (passage_key)",
  ],
};
