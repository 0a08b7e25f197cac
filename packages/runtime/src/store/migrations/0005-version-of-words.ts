import type { Migration } from "./migration.ts";

/**
 * A memory knows by which rules its words were found: those of older rules are found anew. Only the old ones are in the
 * index, which costs new memories nothing.
 */
export const versionOfWords: Migration = {
  name: "version of words",
  statements: () => [
    "alter table memory add column words_version bigint not null default 1",
    "create index memory_old_words on memory (formation_id, seq) where words_version < 2",
  ],
};
