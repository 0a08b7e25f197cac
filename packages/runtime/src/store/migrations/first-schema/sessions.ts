import type { Dialect } from "../../database/index.ts";

/**
 * Sessions and their messages.
 *
 * A message refers to its session by number, and through it to formation and user. Session ids are random: with them in
 * the index of messages, each chat would change a page of its own. With numbers, the messages of new sessions are next
 * to each other at the end of the index. SQLite may reuse the number of a deleted session, whose messages are deleted in
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
