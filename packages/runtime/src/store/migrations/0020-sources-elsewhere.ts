import type { Migration } from "./migration.ts";

/**
 * A document keeps which source elsewhere it came from, empty for those of the formation's folder, and by what the other
 * side tells whether it has changed. `knowledge_source` has a row for each such source: how its last sync ended, when the
 * next one is due, and which process is at it.
 */
export const sourcesElsewhere: Migration = {
  name: "sources elsewhere",
  statements: () => [
    "alter table knowledge_document add column origin text not null default ''",
    "alter table knowledge_document add column version text",
    `create table knowledge_source (
      knowledge_seq bigint not null references knowledge (seq) on delete cascade,
      origin text not null,
      synced_at bigint not null default 0,
      due_at bigint,
      failures bigint not null default 0,
      failure text,
      holder text not null default '',
      until bigint not null default 0,
      primary key (knowledge_seq, origin)
    )`,
  ],
};
