import type { Migration } from "./migration.ts";

/** Hints between processes that notifications cannot carry: they are kept for a minute. On SQLite there are none. */
export const hintsAsRows: Migration = {
  name: "hints as rows",
  statements: ({ counter }) => [
    `create table hint (
      seq ${counter},
      formation_id text not null,
      topic text not null,
      content text not null,
      created_at bigint not null
    )`,
    "create index hint_by_time on hint (created_at)",
  ],
};
