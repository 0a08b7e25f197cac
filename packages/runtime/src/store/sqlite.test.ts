import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, onTestFinished, test } from "vitest";
import { NewerSchemaError } from "./database.ts";
import { createSessionRepository } from "./sessions.ts";
import { openSqlite } from "./sqlite.ts";
import { sql } from "./statement.ts";

const databaseFile = (): string => {
  const dir = mkdtempSync(path.join(tmpdir(), "muxi-store-"));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return path.join(dir, "memory.db");
};

const owner = { formationId: "f", userId: "ann" };
const message = (content: string, createdAt = 1) => ({ role: "user" as const, content, createdAt });

test("what was written is there after the file is opened again", async () => {
  const file = databaseFile();
  const first = openSqlite(file);
  await createSessionRepository(first).append(owner, "s1", message("hello"), []);
  await first.close();

  const second = openSqlite(file);
  onTestFinished(() => second.close());
  expect(await createSessionRepository(second).recent(owner, "s1", 10, "")).toMatchObject([
    { content: "hello" },
  ]);
});

test("a write that fails takes nothing along: its own statements are undone, the others of the tick stay", async () => {
  const db = openSqlite(databaseFile());
  onTestFinished(() => db.close());
  const add = (id: string) =>
    sql`insert into session (formation_id, id, user_id, created_at, last_activity) values ('f', ${id}, 'u', 1, 1)`;
  const [good, bad, alsoGood] = await Promise.allSettled([
    db.write([add("a")]),
    db.write([add("b"), add("a")]),
    db.write([add("c")]),
  ]);
  expect([good.status, bad.status, alsoGood.status]).toEqual(["fulfilled", "rejected", "fulfilled"]);
  const rows = await db.read<{ id: string }>(sql`select id from session order by id`);
  expect(rows.map(({ id }) => id)).toEqual(["a", "c"]);
});

test("what depends on a condition is written only when the condition changed a row", async () => {
  const db = openSqlite(databaseFile());
  onTestFinished(() => db.close());
  const rename = (from: string, to: string) =>
    sql`update session set id = ${to} where id = ${from} returning id`;
  const add = sql`insert into session (formation_id, id, user_id, created_at, last_activity) values ('f', 's1', 'u', 1, 1)`;
  await db.write([add]);
  expect(await db.writeIf(rename("absent", "s2"), [add])).toBeUndefined();
  expect(await db.writeIf(rename("s1", "s2"), [add])).toEqual({ changes: 1, rows: [{ id: "s2" }] });
  const rows = await db.read<{ id: string }>(sql`select id from session order by id`);
  expect(rows.map(({ id }) => id)).toEqual(["s1", "s2"]);
});

test("a file from a newer version is left alone", () => {
  const file = databaseFile();
  const raw = new DatabaseSync(file);
  raw.exec("pragma user_version = 999");
  raw.close();
  expect(() => openSqlite(file)).toThrow(NewerSchemaError);
  expect(() => openSqlite(file)).toThrow(/newer version.*update muxi/);
});

test("two processes may open one new file at once", async () => {
  const file = databaseFile();
  const both = [openSqlite(file), openSqlite(file)];
  onTestFinished(async () => {
    for (const db of both) await db.close();
  });
  const stored = await Promise.all(
    both.map((db, index) => createSessionRepository(db).append(owner, `s${index}`, message("hello"), [])),
  );
  expect(stored).toEqual([true, true]);
});

test("reads of one turn of the event loop see one state of the file; the next ones see what is there by then", async () => {
  const file = databaseFile();
  const [db, other] = [openSqlite(file), openSqlite(file)];
  onTestFinished(async () => {
    await db.close();
    await other.close();
  });
  const seen = async () => (await createSessionRepository(db).recent(owner, "s1", 10, "")).length;
  expect(await seen()).toBe(0);
  await createSessionRepository(other).append(owner, "s1", message("from elsewhere"), []);
  expect(await seen()).toBe(1);
  await createSessionRepository(db).append(owner, "s1", message("from here"), []);
  expect(await seen()).toBe(2);
});
