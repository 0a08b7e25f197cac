/**
 * The schema's history. A released migration is never changed: a change is a new entry at the end.
 *
 * `statement_text` is a contentless index, which keeps the words but not a second copy of the text. Its `owner`
 * column holds one word for each user, so that a search reads that user's entries and no others.
 */
export const migrations: readonly { name: string; statements: readonly string[] }[] = [
  {
    name: "sessions and messages",
    statements: [
      `create table session (
        formation_id text not null,
        id text not null,
        user_id text not null,
        created_at integer not null,
        last_activity integer not null,
        primary key (formation_id, id)
      ) without rowid`,
      "create index session_by_user on session (formation_id, user_id, last_activity desc)",
      `create table message (
        seq integer primary key,
        id text not null,
        formation_id text not null,
        session_id text not null,
        user_id text not null,
        request_id text,
        role text not null,
        content text not null,
        agent_id text,
        metadata text,
        created_at integer not null
      )`,
      "create index message_by_session on message (formation_id, session_id, seq)",
      `create table statement (
        seq integer primary key,
        formation_id text not null,
        user_id text not null,
        owner text not null,
        digest text not null,
        text text not null,
        session_id text not null,
        said_at integer not null,
        unique (formation_id, user_id, digest)
      )`,
      `create virtual table statement_text using fts5 (
        owner, text, content='', contentless_delete=1, tokenize='porter unicode61 remove_diacritics 2'
      )`,
      `create trigger statement_added after insert on statement begin
        insert into statement_text (rowid, owner, text) values (new.seq, new.owner, new.text);
      end`,
      `create trigger statement_removed after delete on statement begin
        delete from statement_text where rowid = old.seq;
      end`,
    ],
  },
];
