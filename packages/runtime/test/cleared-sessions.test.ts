import pg from "pg";
import { pino } from "pino";
import { describe, expect, onTestFinished, test } from "vitest";
import { until } from "../../../test/until.ts";
import { sql } from "../src/store/database/index.ts";
import { createStore, openPostgres } from "../src/store/index.ts";
import { createSchema, onPostgres } from "./postgres.ts";

const ann = { formationId: "f", userId: "ann" };
const said = (content: string) => ({ role: "user" as const, content, createdAt: 1 });
const lock = 99;

/** Two processes of a formation, one that chats and one that clears, and somebody who makes them wait. */
const start = async () => {
  const url = await createSchema();
  const open = async () => {
    const database = await openPostgres(url, { queryTimeout: 30, log: pino({ level: "silent" }) });
    onTestFinished(() => database.close());
    return database;
  };
  const [chatting, clearing] = [await open(), await open()];
  const other = new pg.Client(url);
  await other.connect();
  onTestFinished(() => other.end());
  await other.query("begin");

  const { sessions, lessons } = createStore(chatting);
  await sessions.append(ann, "s1", said("Hello"), [lessons.note(ann, "s1", "req_1", 1)]);
  return {
    ...{ chatting, sessions, other },
    clear: () => createStore(clearing).buffers.clear(ann.formationId, {}),
    /** As many as that wait for somebody in the database. */
    waiting: (count: number) =>
      until(`${count} wait for somebody in the database`, async () => {
        const text = `select count(*) from pg_stat_activity
          where wait_event_type = 'Lock' and datname = current_database()`;
        return Number((await chatting.read<{ count: number }>({ text, values: [] }))[0]?.count) === count;
      }),
    async unreachable() {
      const text = "select content from message where session_seq not in (select seq from session)";
      return chatting.read({ text, values: [] });
    },
  };
};

describe.skipIf(!onPostgres)("while sessions are cleared, on Postgres", () => {
  const untilReleased = sql`select pg_advisory_xact_lock(${lock})`;

  test("a message that is on its way goes with its session", async () => {
    const { sessions, other, clear, waiting, unreachable } = await start();
    await other.query(`select pg_advisory_xact_lock(${lock})`);
    const chat = sessions.append(ann, "s1", said("On its way"), [untilReleased]);
    await waiting(1);
    const cleared = clear();
    await waiting(2);
    await other.query("commit");
    expect(await chat).toBeDefined();
    expect(await cleared).toEqual({ messages: 2, sessions: 1 });
    expect(await unreachable()).toEqual([]);
  });

  test("an answer that is on its way goes with its session", async () => {
    const { chatting, sessions, other, clear, waiting, unreachable } = await start();
    await other.query(`select pg_advisory_xact_lock(${lock})`);
    const answer = chatting.write([sessions.answering(ann, "s1", said("On its way")), untilReleased]);
    await waiting(1);
    const cleared = clear();
    await waiting(2);
    await other.query("commit");
    await answer;
    expect(await cleared).toEqual({ messages: 2, sessions: 1 });
    expect(await unreachable()).toEqual([]);
  });

  test("a session that begins keeps its message", async () => {
    const { sessions, other, clear, waiting, unreachable } = await start();
    await other.query("select seq from lesson for update");
    const cleared = clear();
    await waiting(1);
    await sessions.append(ann, "s2", said("Something new"), []);
    await other.query("commit");
    expect(await cleared).toEqual({ messages: 1, sessions: 1 });
    expect(await unreachable()).toEqual([]);
    expect(await sessions.recent(ann, "s2", 10)).toMatchObject([{ content: "Something new" }]);
  });
});
