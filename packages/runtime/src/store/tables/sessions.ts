import type { Tables } from "../migrations.ts";

/** Sessions and their messages. */
export const sessionTables: Tables = ({ serial, inKeyOrder }) => [
  `create table session (
    formation_id text not null,
    id text not null,
    user_id text not null,
    created_at bigint not null,
    last_activity bigint not null,
    primary key (formation_id, id)
  )${inKeyOrder}`,
  "create index session_by_user on session (formation_id, user_id, last_activity desc)",
  `create table message (
    seq ${serial},
    id text not null,
    formation_id text not null,
    session_id text not null,
    user_id text not null,
    request_id text,
    role text not null,
    content text not null,
    agent_id text,
    metadata text,
    created_at bigint not null
  )`,
  "create index message_by_session on message (formation_id, session_id, seq)",
];
