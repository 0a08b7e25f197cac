import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import pg from "pg";
import { describe, expect, onTestFinished, test } from "vitest";
import { NewerSchemaError, SchemaError } from "../src/store/database/index.ts";
import { type Migration, migrations, tables } from "../src/store/migrations/index.ts";
import { migratePostgres } from "../src/store/postgres/index.ts";
import { migrateSqlite, openSqlite } from "../src/store/sqlite/index.ts";
import { dumpSqlite, loadPostgres, loadSqlite } from "./database-dumps.ts";
import { newestSchemaFile, newestSchemaModule } from "./newest-schema.ts";
import { createSchema, onPostgres } from "./postgres.ts";
import { readStored, storedNames } from "./stored-formation.ts";

interface Raw {
  /** File or connection string. */
  target: string;
  run(text: string): Promise<Record<string, unknown>[]>;
  migrate(list: readonly Migration[]): Promise<void>;
}

const temporaryFile = () => {
  const dir = mkdtempSync(path.join(tmpdir(), "muxi-schema-"));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return path.join(dir, "memory.db");
};

/** A database of the engine of this run, empty or with what a dump holds, without anything of ours around it. */
const openRaw = async (dump?: string): Promise<Raw> => {
  if (!onPostgres) {
    const target = temporaryFile();
    if (dump !== undefined) loadSqlite(dump, target);
    const db = new DatabaseSync(target);
    onTestFinished(() => db.close());
    return {
      target,
      run: async (text) => db.prepare(text).all(),
      migrate: async (list) => migrateSqlite(db, target, list),
    };
  }
  const target = await createSchema();
  if (dump !== undefined) await loadPostgres(dump, target);
  const client = new pg.Client(target);
  await client.connect();
  onTestFinished(() => client.end());
  return {
    target,
    run: async (text) => (await client.query(text)).rows,
    migrate: (list) => migratePostgres(client, "the database", list),
  };
};

const history = (raw: Raw) => raw.run("select version, name from schema_version order by version");

const planting: Migration = {
  name: "planting",
  statements: ({ serial }) => [
    `create table tree (seq ${serial}, kind text not null)`,
    "create table apple (tree_seq bigint not null references tree (seq) on delete cascade, kind text not null)",
  ],
};
const growing: Migration = {
  name: "growing",
  statements: () => [
    "alter table tree add column height bigint not null default 0",
    "update tree set height = 3 where kind = 'old'",
  ],
};
/** SQLite can only make a table anew to change what a column may hold. */
const measuring: Migration = {
  name: "measuring",
  statements: ({ engine, serial }) =>
    engine === "postgres"
      ? ["alter table tree add check (height < 100)"]
      : [
          `create table new_tree (seq ${serial}, kind text not null, height bigint not null check (height < 100))`,
          "insert into new_tree select seq, kind, height from tree",
          "drop table tree",
          "alter table new_tree rename to tree",
        ],
};

test("a migration alters a table that has rows, and those of other tables that refer to them stay", async () => {
  const raw = await openRaw();
  await raw.migrate([planting]);
  await raw.run("insert into tree (kind) values ('old'), ('young')");
  await raw.run("insert into apple select seq, 'russet' from tree");
  await raw.migrate([planting, growing, measuring]);
  await raw.migrate([planting, growing, measuring]);
  expect(await raw.run("select kind, height from tree order by seq")).toEqual([
    { kind: "old", height: onPostgres ? "3" : 3 },
    { kind: "young", height: onPostgres ? "0" : 0 },
  ]);
  await expect(raw.run("update tree set height = 100")).rejects.toThrow(/check/i);
  expect(await raw.run("select kind from apple")).toHaveLength(2);
  await raw.run("delete from tree where kind = 'old'");
  expect(await raw.run("select kind from apple")).toHaveLength(1);
  expect((await history(raw)).map(({ name }) => name)).toEqual(["planting", "growing", "measuring"]);
});

test("a migration that fails is undone, those before it are not, and the message names it and the remedy", async () => {
  const raw = await openRaw();
  const failing = {
    name: "felling",
    statements: () => ["alter table tree add column felled bigint", "drop table oak"],
  };
  const failed = raw.migrate([planting, growing, failing]);
  await expect(failed).rejects.toBeInstanceOf(SchemaError);
  await expect(failed).rejects.toThrow(
    /could not be brought to schema 3 'felling' and is as it was before \(.*oak.*\): mend the cause and start again/,
  );
  expect(await raw.run("select kind, height from tree")).toEqual([]);
  await expect(raw.run("select felled from tree")).rejects.toThrow(/felled/);
  expect(await history(raw)).toHaveLength(2);
  const mended = { name: "felling", statements: () => ["alter table tree add column felled bigint"] };
  await raw.migrate([planting, growing, mended]);
  expect(await raw.run("select felled from tree")).toEqual([]);
});

test.skipIf(onPostgres)("rows that refer to rows that are gone undo a migration on SQLite, too", async () => {
  const raw = await openRaw();
  await raw.migrate([planting]);
  await raw.run("insert into tree (kind) values ('old')");
  await raw.run("insert into apple select seq, 'russet' from tree");
  const careless = { name: "careless", statements: () => ["delete from tree"] };
  await expect(raw.migrate([planting, careless])).rejects.toThrow(/rows of 'apple' refer to rows of 'tree'/);
  expect(await raw.run("select kind from tree")).toHaveLength(1);
});

test("a database that went through other migrations than this version knows is left alone", async () => {
  const raw = await openRaw();
  await raw.migrate([planting, growing]);
  await expect(raw.migrate([planting])).rejects.toBeInstanceOf(NewerSchemaError);
  await expect(raw.migrate([planting])).rejects.toThrow(/newer version \(schema 2 'growing'.*update muxi/);
  const changed = { name: "growing", statements: () => ["alter table tree add column age bigint"] };
  const other = raw.migrate([planting, changed, measuring]);
  await expect(other).rejects.toThrow(
    /migration 2 'growing', which this version does not know: start the version/,
  );
  expect(await history(raw)).toHaveLength(2);
});

test("tables that are not those of muxi are left alone, with a message that says what to do", async () => {
  const others = await openRaw("create table message (id text); create table session (id text);");
  await expect(others.migrate(migrations)).rejects.toThrow(
    /holds other tables than those of muxi, or .* too old .*no 'request'.*: (move the file away|name another)/,
  );
  expect(await others.run("select id from message")).toEqual([]);
});

/** Tables, columns and indexes, in words that do not depend on how they came to be. */
const describeSchema = async (raw: Raw): Promise<unknown> =>
  onPostgres
    ? [
        await raw.run(`select table_name, column_name, data_type, is_nullable, column_default
          from information_schema.columns where table_schema = current_schema() order by table_name, column_name`),
        await raw.run(`select replace(indexdef, current_schema(), '') as index from pg_indexes
          where schemaname = current_schema() order by indexname`),
        await raw.run(`select relname, reloptions from pg_class
          where relnamespace = current_schema()::regnamespace and reloptions is not null order by relname`),
        await raw.run(`select conname, pg_get_constraintdef(oid) as constraint from pg_constraint
          where connamespace = current_schema()::regnamespace order by conname`),
      ]
    : raw.run("select type, name, sql from sqlite_schema where sql is not null order by type, name");

test.each(storedNames)(
  "the stored database %s comes to the schema that an empty one comes to",
  async (name) => {
    const [old, empty] = [await openRaw(readStored(name)), await openRaw()];
    await old.migrate(migrations);
    await empty.migrate(migrations);
    const comparable = (schema: unknown) => JSON.stringify(schema, null, 1).replaceAll(/many_\d+\./g, "");
    expect(comparable(await describeSchema(old))).toBe(comparable(await describeSchema(empty)));
    expect(await history(old)).toEqual(await history(empty));
  },
);

test.skipIf(onPostgres)("a new SQLite file gets at once what the migrations lead to", async () => {
  expect(readFileSync(newestSchemaFile, "utf8"), "made by an older version: npm run fixtures:database").toBe(
    newestSchemaModule(),
  );
  const file = temporaryFile();
  await openSqlite(file).close();
  const migrated = await openRaw();
  await migrated.migrate(migrations);
  const timeless = (target: string) => dumpSqlite(target).replaceAll(/, \d+\);$/gm, ");");
  expect(timeless(file)).toBe(timeless(migrated.target));
});

test("the tables that health asks for, and that a backup copies or leaves out, are those of the newest schema", async () => {
  const raw = await openRaw();
  await raw.migrate(migrations);
  const rows = await raw.run(
    onPostgres
      ? "select tablename as name from pg_tables where schemaname = current_schema()"
      : "select name from sqlite_schema where type = 'table' and name not like 'sqlite_%'",
  );
  expect(rows.map(({ name }) => name).sort()).toEqual([...tables].sort());
});

describe("processes", () => {
  const program = path.join(import.meta.dirname, "migrating-process.ts");
  /** The first schema, and one from before it. Neither tells its schema, so both take all steps. */
  const names = ["0001.sql", "draft-bde08d1.sql"];

  const start = (...args: string[]) => {
    const child = spawn(process.execPath, ["--conditions=muxi-source", program, ...args], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    onTestFinished(() => void child.kill("SIGKILL"));
    return child;
  };

  const endsOf = async (targets: readonly string[]) => {
    const ended = await Promise.all(targets.map((target) => once(start(target), "exit")));
    return ended.map(([code]) => code);
  };

  test.each(names)("that start at once bring the database %s to the newest schema once", async (name) => {
    const raw = await openRaw(readStored(name));
    expect(await endsOf([raw.target, raw.target, raw.target])).toEqual([0, 0, 0]);
    expect((await history(raw)).map((row) => row.name)).toEqual(migrations.map((each) => each.name));
    expect(await raw.run("select id from message")).toHaveLength(11);
  });

  const kills = names.flatMap((name) => [1, 2].map((step) => ({ name, step })));
  /** Without the times at which migrations were applied. */
  const timeless = (dump: string) => dump.replaceAll(/^(insert into schema_version .*), \d+\);$/gm, "$1");

  test.skipIf(onPostgres).each(kills)(
    "that are killed in step $step from $name leave what was there before it, and the next one does the rest",
    async ({ name, step }) => {
      const [file, other] = [temporaryFile(), temporaryFile()];
      for (const each of [file, other]) loadSqlite(readStored(name), each);
      const before = dumpSqlite(file);
      const child = start(file, String(step));
      await once(child.stdout, "data");
      child.kill("SIGKILL");
      await once(child, "exit");
      const left = dumpSqlite(file);
      if (step === 1) expect(left).toBe(before);
      expect(left.match(/^insert into schema_version/gm) ?? []).toHaveLength(step - 1);

      expect(await endsOf([file, other])).toEqual([0, 0]);
      expect(timeless(dumpSqlite(file))).toBe(timeless(dumpSqlite(other)));
      expect(dumpSqlite(file)).not.toBe(left);
    },
  );
});
