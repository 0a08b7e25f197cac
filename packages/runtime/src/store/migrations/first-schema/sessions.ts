import type { Dialect } from "../../database/index.ts";

/**
 * Sessions and their messages.
 *
 * A message names its session by number, and through it its formation and its owner. Callers name sessions at random:
 * by those names, each chat would have a page of its own to change in the index of messages. By numbers, the messages
 * of new sessions stand together at its end. SQLite may give the number of a deleted session again: its messages go in
 * the same transaction.
 */
export const sessionTables = ({ serial }: Dialect): readonly string[] => [
  `create table session (
    seq ${serial},
    formation_id text not null,
    id text not null,
    user_id text not null,
    created_at bigint not null,
    last_activity bigint not null
  )`,
  "create unique index session_by_id on session (formation_id, id)",
  "create index session_by_user on session (formation_id, user_id, last_activity desc)",
  `create table message (
    seq ${serial},
    session_seq bigint not null,
    id text not null,
    request_id text,
    role text not null,
    content text not null,
    agent_id text,
    metadata text,
    created_at bigint not null
  )`,
  "create index message_by_session on message (session_seq, seq)",
];
