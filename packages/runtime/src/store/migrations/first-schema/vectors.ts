import type { Dialect } from "../../database/index.ts";

/**
 * The vectors of memories. `memory_code` is their index: a few bytes for each, numbered so that a reader can ask for what
 * is new. `memory_vector` repeats the space: joined with `memory` for it, Postgres would read all memories of a user.
 */
export const vectorTables = ({ counter, bytes, inOnePiece }: Dialect): readonly string[] => [
  `create table memory_vector (
    memory_seq bigint primary key references memory (seq) on delete cascade,
    space text not null,
    vector ${bytes} not null
  )${inOnePiece}`,
  `create table memory_code (
    seq ${counter},
    space text not null,
    memory_seq bigint not null references memory (seq) on delete cascade,
    model text not null,
    code ${bytes} not null
  )`,
  "create index memory_code_by_space on memory_code (space, seq)",
  "create index memory_code_by_memory on memory_code (memory_seq)",
];
