import type { Dialect } from "../../database/index.ts";

/**
 * Memories, and what learning needs.
 *
 * `space` is a short key of who shares a memory: formation, scope and its holder. `memory_word` is the text index: plain
 * rows, so that a search reads the words of one space only, however large the table is.
 */
export const memoryTables = ({ serial, inKeyOrder }: Dialect): readonly string[] => [
  `create table memory (
    seq ${serial},
    id text not null unique,
    formation_id text not null,
    user_id text not null,
    space text not null,
    scope text not null,
    scope_id text,
    subject text not null,
    collection text not null,
    content text not null,
    metadata text not null,
    source text not null,
    importance double precision not null,
    vector_model text not null,
    created_at bigint not null,
    updated_at bigint not null,
    unique (space, subject)
  )`,
  "create index memory_by_space on memory (space, seq)",
  "create index memory_by_vector on memory (formation_id, vector_model)",
  `create table memory_word (
    space text not null,
    word text not null,
    memory_seq bigint not null references memory (seq) on delete cascade,
    primary key (space, word, memory_seq)
  )${inKeyOrder}`,
  "create index memory_word_by_memory on memory_word (memory_seq)",
  `create table lesson (
    seq ${serial},
    formation_id text not null,
    user_id text not null,
    session_id text not null,
    request_id text not null,
    said_at bigint not null,
    due bigint not null,
    attempts bigint not null
  )`,
  `create table synopsis (
    formation_id text not null,
    user_id text not null,
    part text not null,
    text text not null,
    made_at bigint not null,
    primary key (formation_id, user_id, part)
  )${inKeyOrder}`,
  `create table ingestion (
    formation_id text not null,
    id text not null,
    user_id text not null,
    accepted bigint not null,
    duplicate bigint not null,
    invalid bigint not null,
    created_at bigint not null,
    primary key (formation_id, id)
  )${inKeyOrder}`,
];
