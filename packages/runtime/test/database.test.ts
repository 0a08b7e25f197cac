import pg from "pg";
import { pino } from "pino";
import { expect, onTestFinished, test } from "vitest";
import { sql } from "../src/store/database/index.ts";
import { createStore, openPostgres } from "../src/store/index.ts";
import { createSchema, onPostgres } from "./postgres.ts";
import { emptyDatabase } from "./processes.ts";

const open = async () => {
  const database = await (await emptyDatabase())();
  onTestFinished(() => database.close());
  return database;
};

const add = (id: string) =>
  sql`insert into session (formation_id, id, user_id, created_at, last_activity) values ('f', ${id}, 'u', 1, 1)`;
const rename = (from: string, to: string) =>
  sql`update session set id = ${to} where id = ${from} returning id`;
const allIds = sql`select id from session order by id`;
const idsIn = (rows: readonly { id: string }[]) => rows.map(({ id }) => id);

test("a write that fails takes nothing along: its own statements are undone, the others of the tick stay", async () => {
  const db = await open();
  await db.write([add("a")]);
  const [good, bad, alsoGood, unmet] = await Promise.allSettled([
    db.write([add("d")]),
    db.write([add("b"), add("a")]),
    db.write([add("c")]),
    db.writeIf(rename("absent", "f"), [add("e")]),
  ]);
  expect([good.status, bad.status, alsoGood.status]).toEqual(["fulfilled", "rejected", "fulfilled"]);
  expect(unmet).toEqual({ status: "fulfilled", value: undefined });
  expect(bad.status === "rejected" && db.dialect.isUniqueViolation(bad.reason)).toBe(true);
  expect(idsIn(await db.read(allIds))).toEqual(["a", "c", "d"]);
});

test("what depends on a condition is written only when the condition changed a row", async () => {
  const db = await open();
  await db.write([add("s1")]);
  expect(await db.writeIf(rename("absent", "s2"), [add("s1")])).toBeUndefined();
  const met = db.writeIf(rename("s1", "s2"), [add("s1")]);
  // In the same tick, and so in the same transaction: it sees what the other one changed.
  const after = db.writeIf(rename("s2", "s3"), [add("s4")]);
  expect(await met).toEqual({ changes: 1, rows: [{ id: "s2" }] });
  expect(await after).toEqual({ changes: 1, rows: [{ id: "s3" }] });
  expect(idsIn(await db.read(allIds))).toEqual(["s1", "s3", "s4"]);
});

test("what is written when it closes is still written", async () => {
  const reopen = await emptyDatabase();
  const closing = await reopen();
  const written = Promise.all([closing.write([add("a")]), closing.writeIf(rename("a", "b"), [add("c")])]);
  await closing.close();
  await written;
  const db = await reopen();
  onTestFinished(() => db.close());
  expect(idsIn(await db.read(allIds))).toEqual(["b", "c"]);
});

test("messages that come at once each have their own outcome, and those of a session their order", async () => {
  const db = await open();
  const { sessions } = createStore(db);
  const [ann, bob] = ["ann", "bob"].map((userId) => ({ formationId: "f", userId }));
  if (!ann || !bob) throw new Error("nobody to chat");
  const said = (content: string) => ({ role: "user", content, createdAt: 1_000 }) as const;
  expect(await sessions.append(bob, "bob's", said("Mine"), [])).toBe(true);
  const outcomes = await Promise.all([
    sessions.append(ann, "s1", said('A "quoted" {list}, \\ and NULL'), []),
    sessions.append(ann, "bob's", said("Not hers"), []),
    sessions.append(ann, "s2", said("Other"), []),
    sessions.append(ann, "s1", said("Second"), []),
    sessions.appendNext(ann, { id: "s3", turns: 0 }, said("First"), []),
    sessions.appendNext(ann, { id: "s3", turns: 0 }, said("Too late"), []),
    sessions.appendNext(bob, { id: "bob's", turns: 1 }, said("Next"), []),
  ]);
  expect(outcomes).toEqual([true, false, true, true, true, false, true]);
  const contents = async (owner: typeof ann, id: string) => {
    const { messages } = await sessions.messages(owner, id, { limit: 10 });
    return messages.map(({ content, createdAt }) => [content, createdAt]);
  };
  expect(await contents(ann, "s1")).toEqual([
    ['A "quoted" {list}, \\ and NULL', 1_000],
    ["Second", 1_001],
  ]);
  expect(await contents(ann, "s2")).toEqual([["Other", 1_000]]);
  expect(await contents(ann, "s3")).toEqual([["First", 1_000]]);
  expect(await contents(bob, "bob's")).toEqual([
    ["Mine", 1_000],
    ["Next", 1_001],
  ]);
});

test("a request is forgotten by the time of its end, not of its beginning", async () => {
  const db = await open();
  const owner = { formationId: "f", userId: "u" };
  const { requests, sessions } = createStore(db);
  const message = { role: "user", content: "Hello", createdAt: 1_000 } as const;
  const begin = (id: string) => [
    ...sessions.adding(owner, id, message),
    requests.begin(owner, {
      ...{ id, sessionId: id, kind: "chat", input: "{}", webhookUrl: null, idempotency: undefined },
      ...{ now: 1_000, lease: { owner: "me", until: 5_000 } },
    }),
  ];
  const end = (id: string, now: number) =>
    requests.finish("f", id, "me", { status: "completed", error: null, log: "", now }, []);
  await db.write([...begin("quick"), ...begin("slow"), ...begin("at work")]);
  await end("quick", 2_000);
  await end("slow", 4_000);
  expect(await requests.forget("f", 3_000, 10)).toBe(1);
  expect((await requests.list("f", { userId: undefined }, { limit: 10 })).map(({ id }) => id).sort()).toEqual(
    ["at work", "slow"],
  );
  expect(await requests.forget("f", 4_001, 10)).toBe(1);
  expect((await requests.list("f", { userId: undefined }, { limit: 10 })).map(({ id }) => id)).toEqual([
    "at work",
  ]);
});

test.skipIf(!onPostgres)("what another process keeps locked holds up no other write", async () => {
  const url = await createSchema();
  const db = await openPostgres(url, { queryTimeout: 30, log: pino({ level: "silent" }) });
  onTestFinished(() => db.close());
  await db.write([add("held"), add("free")]);
  const other = new pg.Client(url);
  await other.connect();
  onTestFinished(() => other.end());
  await other.query("begin");
  await other.query("select id from session where id = 'held' for update");

  const held = db.writeIf(rename("held", "h2"), []);
  const beside = db.writeIf(rename("free", "f2"), []);
  expect(await beside).toMatchObject({ changes: 1 });
  expect(await db.writeIf(rename("f2", "f3"), [])).toMatchObject({ changes: 1 });
  expect(idsIn(await db.read(allIds))).toEqual(["f3", "held"]);
  await other.query("commit");
  expect(await held).toMatchObject({ changes: 1 });
  expect(idsIn(await db.read(allIds))).toEqual(["f3", "h2"]);
});
