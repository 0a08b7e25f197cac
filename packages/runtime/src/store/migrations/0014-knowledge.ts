import type { Migration } from "./migration.ts";

/**
 * What agents know from documents. `knowledge` has a row for each agent: its version grows with every change, and its
 * holder is the process that indexes. A document is written a little at a time and seen when its state is `ready`; the
 * id of a passage is the number of its document and its place in it.
 *
 * `knowledge_word` has a row for each word of a document: how many passages have it, and which, those that it weighs
 * most in first. Its key is the order in which a search reads them.
 */
export const knowledgeTables: Migration = {
  name: "knowledge",
  statements: ({ serial, counter, inKeyOrder }) => [
    `create table knowledge (
      seq ${serial},
      formation_id text not null,
      agent_id text not null,
      version bigint not null,
      passages bigint not null,
      holder text not null,
      until bigint not null,
      unique (formation_id, agent_id)
    )`,
    `create table knowledge_document (
      seq ${counter},
      knowledge_seq bigint not null references knowledge (seq) on delete cascade,
      source text not null,
      digest text not null,
      state text not null,
      failure text,
      passages bigint not null,
      indexed_at bigint not null
    )`,
    "create index knowledge_document_by_source on knowledge_document (knowledge_seq, source)",
    `create table knowledge_passage (
      id bigint not null primary key,
      content text not null,
      place text not null
    )`,
    `create table knowledge_word (
      knowledge_seq bigint not null,
      word text not null,
      best bigint not null,
      document_seq bigint not null references knowledge_document (seq) on delete cascade,
      passages bigint not null,
      places text not null,
      primary key (knowledge_seq, word, best, document_seq)
    )${inKeyOrder}`,
    "create index knowledge_word_by_document on knowledge_word (document_seq)",
  ],
};
