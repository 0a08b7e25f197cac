import type { Migration } from "./migration.ts";

/**
 * The vectors of passages. `knowledge_code` is their index, as `memory_code` is that of memories; by the digest of what was
 * embedded, a passage that stands in a document again gets the vector that was made before. A code of no length says
 * that the model refuses the passage.
 *
 * Of `knowledge`, `vector_model` is the model of whose vectors none is missing, `vectors` grows with every change, and the
 * other two say which process embeds, and until when. `embedded_by` of a document is the model that made the vectors of all
 * its passages.
 */
export const vectorsOfPassages: Migration = {
  name: "vectors of passages",
  statements: ({ counter, bytes, inOnePiece }) => [
    "alter table knowledge add column vector_model text not null default ''",
    "alter table knowledge add column vectors bigint not null default 0",
    "alter table knowledge add column vector_holder text not null default ''",
    "alter table knowledge add column vector_until bigint not null default 0",
    "alter table knowledge_document add column embedded_by text not null default ''",
    `create table knowledge_code (
      seq ${counter},
      knowledge_seq bigint not null references knowledge (seq) on delete cascade,
      document_seq bigint not null references knowledge_document (seq) on delete cascade,
      passage bigint not null,
      model text not null,
      digest text not null,
      code ${bytes} not null,
      unique (passage, model)
    )`,
    "create index knowledge_code_by_model on knowledge_code (knowledge_seq, model, seq)",
    "create index knowledge_code_by_document on knowledge_code (document_seq)",
    "create index knowledge_code_by_digest on knowledge_code (digest)",
    `create table knowledge_vector (
      passage bigint not null,
      model text not null,
      vector ${bytes} not null,
      primary key (passage, model)
    )${inOnePiece}`,
  ],
};
