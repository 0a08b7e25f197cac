import type { Migration } from "./migration.ts";

/**
 * When a document of an agent's knowledge was changed, in Unix milliseconds. Of documents that were read before it is noted when
 * they are read anew, as a start does.
 */
export const changesOfDocuments: Migration = {
  name: "changes of documents",
  statements: () => ["alter table knowledge_document add column changed_at bigint not null default 0"],
};
