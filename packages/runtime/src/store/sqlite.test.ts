import fs, {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, onTestFinished, test, vi } from "vitest";
import { temporaryFolder } from "../../../../test/temporary-folder.ts";
import { type Database, NewerSchemaError, StorageUnavailableError, sql } from "./database/index.ts";
import { createSessionRepository } from "./sessions.ts";
import { openSqlite } from "./sqlite/index.ts";

const databaseFile = (): string => path.join(temporaryFolder(), "memory.db");

type Sync = (done: (error: NodeJS.ErrnoException | null) => void) => void;

/** Puts another disk in the place of the real one, which cannot be made to wait or to fail. */
const withDisk = (sync: Sync) => {
  const disk = vi.spyOn(fs, "fdatasync").mockImplementation((_, done) => sync(done));
  syncBuiltinESMExports();
  const restore = () => {
    disk.mockRestore();
    syncBuiltinESMExports();
  };
  onTestFinished(restore);
  return restore;
};

/** A disk that is done with nothing before it is told to be, in the order in which it was asked. */
const startSlowDisk = () => {
  const asked: (() => void)[] = [];
  withDisk((done) => void asked.push(() => done(null)));
  return {
    async finish() {
      await vi.waitFor(() => expect(asked).not.toHaveLength(0));
      asked.shift()?.();
    },
  };
};

const ioError: NodeJS.ErrnoException = Object.assign(new Error("EIO: i/o error, fdatasync"), { code: "EIO" });

/** Notes what settles, and how. */
const watch = () => {
  const settled: string[] = [];
  return {
    settled,
    note: <Result>(name: string, promise: Promise<Result>): Promise<unknown> =>
      promise.then(
        () => settled.push(name),
        () => settled.push(`${name} failed`),
      ),
  };
};

/** Turns enough for all that does not wait for the disk. */
const someTurns = async () => {
  for (let turn = 0; turn < 20; turn++) await nextTurn();
};

const owner = { formationId: "f", userId: "ann" };
const sessionsOf = (db: Database) => createSessionRepository(db, () => {});
const message = (content: string, createdAt = 1) => ({ role: "user" as const, content, createdAt });

test("what was written is there after the file is opened again", async () => {
  const file = databaseFile();
  const first = openSqlite(file);
  await sessionsOf(first).append(owner, "s1", message("hello"), []);
  await first.close();

  const second = openSqlite(file);
  onTestFinished(() => second.close());
  expect(await sessionsOf(second).recent(owner, "s1", 10)).toMatchObject([{ content: "hello" }]);
});

test("a file from a newer version is left alone", async () => {
  const file = databaseFile();
  await openSqlite(file).close();
  const raw = new DatabaseSync(file);
  raw.exec("insert into schema_version values (999, 'later', '', 0)");
  raw.close();
  expect(() => openSqlite(file)).toThrow(NewerSchemaError);
  expect(() => openSqlite(file)).toThrow(/newer version.*update muxi/);
});

test("a file that is damaged or no database is refused with its name and the remedy, and not changed", async () => {
  const file = databaseFile();
  const expected = new RegExp(`${file} cannot be used, .*damaged: .*restore the file from a backup`);
  writeFileSync(file, "These are notes, and no tables.\n".repeat(500));
  const before = readFileSync(file);
  expect(() => openSqlite(file)).toThrow(StorageUnavailableError);
  expect(() => openSqlite(file)).toThrow(expected);
  expect(readFileSync(file)).toEqual(before);
});

test("a file that is damaged inside refuses what cannot be read, and is told so", async () => {
  const file = databaseFile();
  await openSqlite(file).close();
  const bytes = readFileSync(file);
  // All but the first page, which lists the tables.
  writeFileSync(file, bytes.fill(0xff, bytes.readUInt16BE(16)));
  const use = async () => {
    const database = openSqlite(file);
    onTestFinished(() => database.close());
    await database.read(sql`select * from session`);
  };
  await expect(use()).rejects.toThrow(StorageUnavailableError);
  await expect(use()).rejects.toThrow(/is damaged: .*restore the file from a backup/);
});

test("only its owner may read a file and its log, also where an earlier version made it", async () => {
  const file = databaseFile();
  await openSqlite(file).close();
  chmodSync(file, 0o644);
  const db = openSqlite(file);
  onTestFinished(() => db.close());
  await sessionsOf(db).append(owner, "s1", message("hello"), []);
  for (const ending of ["", "-wal", "-shm"]) expect(statSync(file + ending).mode & 0o777).toBe(0o600);
});

test("two processes may open one new file at once", async () => {
  const file = databaseFile();
  const both = [openSqlite(file), openSqlite(file)];
  onTestFinished(async () => {
    for (const db of both) await db.close();
  });
  const stored = await Promise.all(
    both.map((db, index) => sessionsOf(db).append(owner, `s${index}`, message("hello"), [])),
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
  const seen = async () => (await sessionsOf(db).recent(owner, "s1", 10)).length;
  expect(await seen()).toBe(0);
  await sessionsOf(other).append(owner, "s1", message("from elsewhere"), []);
  expect(await seen()).toBe(1);
  await sessionsOf(db).append(owner, "s1", message("from here"), []);
  expect(await seen()).toBe(2);
});

test("nothing is heard of a write before it is on disk, neither by who wrote nor by who reads", async () => {
  const db = openSqlite(databaseFile());
  onTestFinished(() => db.close());
  const sessions = sessionsOf(db);
  const disk = startSlowDisk();
  const { settled, note } = watch();

  const write = note("write", sessions.append(owner, "s1", message("hello"), []));
  await someTurns();
  const later = note("later write", sessions.append(owner, "s1", message("again", 2), []));
  const read = note("read", sessions.recent(owner, "s1", 10));
  await someTurns();
  expect(settled).toEqual([]);

  await disk.finish();
  await Promise.all([write, read]);
  await someTurns();
  expect(settled.toSorted()).toEqual(["read", "write"]);
  await disk.finish();
  await later;
});

test("of writes that share a transaction the one that fails does so alone, and is told so when the others are", async () => {
  const db = openSqlite(databaseFile());
  onTestFinished(() => db.close());
  await db.write([sql`create table t (x integer primary key)`]);
  const disk = startSlowDisk();
  const { settled, note } = watch();

  const writes = [1, 1, 2].map((x, index) => note(`${index}`, db.write([sql`insert into t values (${x})`])));
  await someTurns();
  expect(settled).toEqual([]);
  await disk.finish();
  await Promise.all(writes);
  expect(settled.toSorted()).toEqual(["0", "1 failed", "2"]);
  expect(await db.read(sql`select x from t`)).toEqual([{ x: 1 }, { x: 2 }]);
});

test("a file is closed when all that was to be written is on disk", async () => {
  const file = databaseFile();
  const db = openSqlite(file);
  const sessions = sessionsOf(db);
  const disk = startSlowDisk();
  const { settled, note } = watch();

  const first = note("first", sessions.append(owner, "s1", message("one"), []));
  await someTurns();
  const second = note("second", sessions.append(owner, "s1", message("two", 2), []));
  const closed = note("close", db.close());
  await disk.finish();
  await disk.finish();
  await Promise.all([first, second, closed]);
  expect(settled).toEqual(["first", "second", "close"]);

  const again = openSqlite(file);
  onTestFinished(() => again.close());
  expect(await sessionsOf(again).recent(owner, "s1", 10)).toHaveLength(2);
});

test("what a disk fails to take is refused, and nothing is accepted before all that came earlier is safe", async () => {
  const file = databaseFile();
  const db = openSqlite(file);
  onTestFinished(() => db.close());
  const sessions = sessionsOf(db);
  const heal = withDisk((done) => setImmediate(done, ioError));
  const refused = sessions.append(owner, "s1", message("doubtful"), []);
  await expect(refused).rejects.toThrow(StorageUnavailableError);
  await expect(refused).rejects.toThrow(/memory\.db did not take.*check the disk/);
  heal();

  // A reader of an earlier state keeps the log from being emptied into the file.
  const reader = new DatabaseSync(file, { readOnly: true });
  reader.exec("begin; select * from session");
  await sessions.append(owner, "s1", message("new", 2), []).then(
    () => expect.unreachable(),
    (error) => expect(error).toBeInstanceOf(StorageUnavailableError),
  );
  await expect(sessions.recent(owner, "s1", 10)).rejects.toThrow(/another process keeps it locked/);
  reader.close();

  await sessions.append(owner, "s1", message("accepted", 3), []);
  const contents = async (of: typeof sessions) =>
    (await of.recent(owner, "s1", 10)).map(({ content }) => content);
  expect(await contents(sessions)).toEqual(["doubtful", "accepted"]);
  // Without the log, in which a loss of power may have left a gap.
  const copy = databaseFile();
  copyFileSync(file, copy);
  const alone = openSqlite(copy);
  onTestFinished(() => alone.close());
  expect(await contents(sessionsOf(alone))).toEqual(["doubtful"]);
});

test("another process may empty the log before a transaction in it is on disk", async () => {
  const file = databaseFile();
  const [db, other] = [openSqlite(file), openSqlite(file)];
  onTestFinished(async () => {
    await db.close();
    await other.close();
  });
  const disk = startSlowDisk();
  const write = sessionsOf(db).append(owner, "s1", message("one"), []);
  await someTurns();
  const raw = new DatabaseSync(file);
  expect(raw.prepare("pragma wal_checkpoint(truncate)").get()).toMatchObject({ busy: 0 });
  raw.close();
  const otherWrite = sessionsOf(other).append(owner, "s1", message("two", 2), []);
  await someTurns();
  await disk.finish();
  await disk.finish();
  expect(await Promise.all([write, otherWrite])).toEqual([true, true]);
  const after = sessionsOf(db).append(owner, "s1", message("three", 3), []);
  await disk.finish();
  await after;
  const stored = await sessionsOf(other).recent(owner, "s1", 10);
  expect(stored.map(({ content }) => content)).toEqual(["one", "two", "three"]);
  expect(await db.read(sql`pragma integrity_check`)).toEqual([{ integrity_check: "ok" }]);
});

test("a file may be reached by a link from another folder", async () => {
  const file = databaseFile();
  const link = path.join(path.dirname(file), "release", "memory.db");
  mkdirSync(path.dirname(link));
  symlinkSync(file, link);
  const db = openSqlite(link);
  onTestFinished(() => db.close());
  expect(await sessionsOf(db).append(owner, "s1", message("hello"), [])).toBe(true);
});
