import { DatabaseSync } from "node:sqlite";

/** Keeps sessions in a SQLite file, without a wait for the disk. */
export const openSqlite = async (file) => {
  const db = new DatabaseSync(file);
  db.exec(`pragma journal_mode=wal; pragma synchronous=normal;
    create table if not exists session(id text primary key, user_id text, at integer) without rowid;
    create table if not exists message(session_id text, seq integer, role text, body text, at integer,
      primary key(session_id, seq)) without rowid`);
  const addSession = db.prepare("insert into session values(?,?,?) on conflict do nothing");
  const lastMessages = db.prepare(
    "select seq, role, body from message where session_id=? order by seq desc limit 10",
  );
  const addMessage = db.prepare("insert into message values(?,?,?,?,?)");

  let waiting = [];

  /** Turns that end in the same tick share a transaction. */
  const store = () => {
    const turns = waiting;
    waiting = [];
    db.exec("begin");
    for (const { session, user, seq, message, text, at } of turns) {
      addSession.run(session, user, at);
      addMessage.run(session, seq + 1, "user", message, at);
      addMessage.run(session, seq + 2, "assistant", text, at);
    }
    db.exec("commit");
    for (const turn of turns) turn.done();
  };

  return {
    past: (session, use) => use(lastMessages.all(session).reverse()),
    keep(turn) {
      if (waiting.push(turn) === 1) setImmediate(store);
    },
  };
};
