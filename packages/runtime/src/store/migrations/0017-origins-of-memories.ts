import type { Migration } from "./migration.ts";

/**
 * Where a memory comes from: the message that states it, the words of it that do, and when it was said. `memory_version`
 * has the values that were there before, and until when each held. Of a memory from before this migration the origin
 * stays unknown, and it has held since it was written.
 *
 * A pinned memory is recalled with every message; one that has expired is not recalled, and is deleted soon.
 */
export const originsOfMemories: Migration = {
  name: "origins of memories",
  statements: ({ serial }) => [
    "alter table memory add column source_id text",
    "alter table memory add column session_id text",
    "alter table memory add column request_id text",
    "alter table memory add column message_id text",
    "alter table memory add column quote text",
    "alter table memory add column said_at bigint",
    "alter table memory add column valid_from bigint",
    "alter table memory add column expires_at bigint",
    "alter table memory add column pinned bigint not null default 0",
    "create index memory_by_source on memory (space, source, source_id) where source_id is not null",
    "create index memory_expiring on memory (formation_id, expires_at) where expires_at is not null",
    "create index memory_pinned on memory (space, seq) where pinned = 1",
    `create table memory_version (
      seq ${serial},
      memory_seq bigint not null references memory (seq) on delete cascade,
      space text not null,
      collection text not null,
      content text not null,
      metadata text not null,
      importance double precision not null,
      source text not null,
      source_id text,
      session_id text,
      request_id text,
      message_id text,
      quote text,
      said_at bigint,
      valid_from bigint not null,
      valid_to bigint not null
    )`,
    "create index memory_version_by_memory on memory_version (memory_seq, seq)",
    "create index memory_version_by_source on memory_version (space, source, source_id)",
  ],
};
