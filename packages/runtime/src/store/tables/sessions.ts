import type { Tables } from "../migrations.ts";

/**
 * Sessions, their messages and what users stated in them.
 *
 * `statement_word` is the text index of what users stated: plain rows, so that a search reads one user's words and no
 * others, whatever the rest of the table holds. FTS5 costs several times as much for so short a text.
 */
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
  `create table statement (
    seq ${serial},
    formation_id text not null,
    user_id text not null,
    digest text not null,
    text text not null,
    session_id text not null,
    said_at bigint not null,
    unique (formation_id, user_id, digest)
  )`,
  `create table statement_word (
    owner text not null,
    word text not null,
    statement_seq bigint not null references statement (seq) on delete cascade,
    primary key (owner, word, statement_seq)
  )${inKeyOrder}`,
  "create index statement_word_by_statement on statement_word (statement_seq)",
];
