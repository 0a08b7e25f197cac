import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, onTestFinished, test } from "vitest";
import { NewerSchemaError } from "./database.ts";
import { createSessionRepository } from "./sessions.ts";
import { openSqlite } from "./sqlite.ts";

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
  expect(await createSessionRepository(second).recent(owner, "s1", 10)).toMatchObject([{ content: "hello" }]);
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
  const seen = async () => (await createSessionRepository(db).recent(owner, "s1", 10)).length;
  expect(await seen()).toBe(0);
  await createSessionRepository(other).append(owner, "s1", message("from elsewhere"), []);
  expect(await seen()).toBe(1);
  await createSessionRepository(db).append(owner, "s1", message("from here"), []);
  expect(await seen()).toBe(2);
});
