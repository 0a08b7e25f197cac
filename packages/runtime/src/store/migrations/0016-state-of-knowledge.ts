import type { Migration } from "./migration.ts";

/**
 * What is shown of an agent's knowledge is not counted each time: `documents` and `unread` are kept beside `passages`,
 * `looked` and `found` say how far the process that indexes is, and `asked_at` and `indexed_at` whether the sources have
 * been looked at since somebody asked for it.
 */
export const stateOfKnowledge: Migration = {
  name: "state of knowledge",
  statements: () => [
    ...["documents", "unread", "looked", "found", "asked_at", "indexed_at"].map(
      (column) => `alter table knowledge add column ${column} bigint not null default 0`,
    ),
    "create index knowledge_document_by_time on knowledge_document (knowledge_seq, indexed_at, seq)",
    `create index knowledge_document_unread on knowledge_document (knowledge_seq, indexed_at, seq)
      where state = 'unread'`,
  ],
};
