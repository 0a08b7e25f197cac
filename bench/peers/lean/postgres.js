import pg from "pg";

const tables = `
  create table if not exists session(id text primary key, user_id text, at bigint);
  create table if not exists message(session_id text, seq bigint, role text, body text, at bigint,
    primary key(session_id, seq))`;

const lastMessages = `select asked.id, seq, role, body
  from unnest($1::text[]) as asked(id) cross join lateral
    (select seq, role, body from message where session_id = asked.id order by seq desc limit 10) as newest
  order by seq`;

const addTurns = `with sessions as (insert into session
    select * from unnest($1::text[], $2::text[], $3::bigint[]) on conflict do nothing)
  insert into message
    select turn.id, seq + place, role, body, at
    from unnest($1::text[], $3::bigint[], $4::bigint[], $5::text[], $6::text[])
        as turn(id, at, seq, message, answer)
      cross join lateral (values (1, 'user', message), (2, 'assistant', answer)) as said(place, role, body)`;

/** Does something with what has come until the last time ended, all of it together. */
const gather = (work) => {
  let waiting = [];
  let isBusy = false;
  const run = async () => {
    while (waiting.length > 0) {
      const group = waiting;
      waiting = [];
      await work(group);
    }
    isBusy = false;
  };
  return (item) => {
    waiting.push(item);
    if (isBusy) return;
    isBusy = true;
    setImmediate(run);
  };
};

/** Keeps sessions in a Postgres, which waits for the disk: one statement for all that is read or stored at a time. */
export const openPostgres = async (url) => {
  const connect = async () => {
    const client = new pg.Client(url);
    await client.connect();
    return client;
  };
  const reader = await connect();
  const writer = await connect();
  await writer.query(tables);
  // Planned for empty tables, the prepared statements would go on to read them from end to end.
  await reader.query("set enable_seqscan = off");

  const read = gather(async (asked) => {
    const values = [[...new Set(asked.map(({ session }) => session))]];
    const { rows } = await reader.query({ name: "last", text: lastMessages, values });
    const bySession = Map.groupBy(rows, ({ id }) => id);
    for (const { session, use } of asked) use(bySession.get(session) ?? []);
  });

  const store = gather(async (turns) => {
    const column = (key) => turns.map((turn) => turn[key]);
    const values = ["session", "user", "at", "seq", "message", "text"].map(column);
    await writer.query({ name: "add", text: addTurns, values });
    for (const turn of turns) turn.done();
  });

  return { past: (session, use) => read({ session, use }), keep: store };
};
