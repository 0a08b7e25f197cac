import { DatabaseSync } from "node:sqlite";
import pg from "pg";
import { pino } from "pino";
import { type Database, type Statement, sql } from "../../packages/runtime/src/store/database/index.ts";
import { openPostgres, openSqlite, userSpace } from "../../packages/runtime/src/store/index.ts";
import { type Filler, formationId } from "./fill.ts";

/** What one call does with each table, by its name. */
export interface Reads {
  /** Indexes that it looks into. */
  indexes: ReadonlySet<string>;
  /** Tables that it reads from end to end. */
  scans: ReadonlySet<string>;
  /** Rows and entries of indexes that it reads; undefined where the engine does not say. */
  rows: number | undefined;
}

export interface Size {
  name: string;
  rows: number;
  /** Bytes. */
  table: number;
  indexes: number;
}

/** A database to be generated and measured. */
export interface Subject {
  engine: "sqlite" | "postgres";
  open(): Promise<Database>;
  filler: Filler;
  /** To be called when it has been filled. */
  settle(): Promise<void>;
  /** Does something with a database of its own, `times` times, and tells what one time reads. */
  readsOf(times: number, work: (database: Database) => Promise<void>): Promise<Reads>;
  sizes(): Promise<Size[]>;
  /** Bytes that were written to the log of the database so far; undefined where nobody counts. */
  logged(): Promise<number | undefined>;
  close(): Promise<void>;
}

const settled = { queryTimeout: 600, log: pino({ level: "silent" }) };

export const postgresSubject = async (url: string): Promise<Subject> => {
  const client = new pg.Client(url);
  await client.connect();
  const rowsOf = async (text: string): Promise<Record<string, unknown>[]> => (await client.query(text)).rows;

  /** By Postgres's own counters: what a connection has done is in them when it has ended. */
  const counters = async () => {
    const counts = new Map<string, number>();
    const tables = await rowsOf(
      `select relname, seq_scan, seq_tup_read + coalesce(idx_tup_fetch, 0) as read from pg_stat_user_tables`,
    );
    for (const { relname, seq_scan, read } of tables) {
      counts.set(`scan ${relname}`, Number(seq_scan));
      counts.set(`read ${relname}`, Number(read));
    }
    const indexes = await rowsOf("select indexrelname, idx_scan, idx_tup_read from pg_stat_user_indexes");
    for (const { indexrelname, idx_scan, idx_tup_read } of indexes) {
      counts.set(`index ${indexrelname}`, Number(idx_scan));
      counts.set(`read ${indexrelname}`, Number(idx_tup_read));
    }
    return counts;
  };
  const countedBy = async (work: (database: Database) => Promise<void>) => {
    const database = await openPostgres(url, settled);
    const before = await counters();
    await work(database);
    await database.close();
    const after = await counters();
    return (name: string) => (after.get(name) ?? 0) - (before.get(name) ?? 0);
  };

  /** What the opening of a database counts. */
  let opened: ((name: string) => number) | undefined;

  return {
    engine: "postgres",
    open: () => openPostgres(url, settled),
    filler: {
      run: async (text) => void (await client.query(text)),
      numbers: (count) => `generate_series(0, ${count - 1}) as n`,
      spaceOfUser: (user) =>
        `left(translate(encode(sha256(convert_to('${formationId}', 'UTF8') || '\\x00'::bytea || convert_to('user', 'UTF8')
          || '\\x00'::bytea || convert_to(${user}, 'UTF8')), 'base64'), '+/', '-_'), 22)`,
    },
    async settle() {
      await client.query("vacuum analyze");
      // Otherwise what filled the database is counted later, among what is measured.
      await client.query("select pg_stat_force_next_flush()");
    },
    async readsOf(times, work) {
      opened ??= await countedBy(async () => {});
      const alone = opened;
      const counted = await countedBy(async (database) => {
        for (let time = 0; time < times; time++) await work(database);
      });
      const names = [...(await counters()).keys()];
      const found = (kind: string) =>
        names
          .filter((name) => name.startsWith(`${kind} `))
          .map((name) => ({ name: name.slice(kind.length + 1), count: counted(name) - alone(name) }))
          .filter(({ count }) => count > 0);
      const read = found("read").reduce((sum, { count }) => sum + count, 0);
      return {
        indexes: new Set(found("index").map(({ name }) => name)),
        scans: new Set(found("scan").map(({ name }) => name)),
        rows: read / times,
      };
    },
    async sizes() {
      const rows = await rowsOf(
        `select relname as name, reltuples as rows, pg_table_size(oid) as "table", pg_indexes_size(oid) as indexes
          from pg_class where relkind = 'r' and relnamespace = current_schema()::regnamespace`,
      );
      return rows.map(({ name, rows: count, table, indexes }) => ({
        name: String(name),
        rows: Number(count),
        table: Number(table),
        indexes: Number(indexes),
      }));
    },
    async logged() {
      const [row] = await rowsOf("select pg_current_wal_insert_lsn() - '0/0' as bytes");
      return Number(row?.bytes);
    },
    close: () => client.end(),
  };
};

export const sqliteSubject = async (file: string): Promise<Subject> => {
  await (await openSqlite(file)).close();
  const db = new DatabaseSync(file);
  db.function("space_of_user", (user) => userSpace({ formationId, userId: String(user) }));
  const open = async () => openSqlite(file);

  return {
    engine: "sqlite",
    open,
    filler: {
      run: async (text) => db.exec(text),
      numbers: (count) =>
        `(with recursive numbers(n) as (select 0 union all select n + 1 from numbers where n < ${count - 1})
          select n from numbers)`,
      spaceOfUser: (user) => `space_of_user(${user})`,
    },
    settle: async () => db.exec("pragma wal_checkpoint(truncate)"),
    async readsOf(_, work) {
      const database = await open();
      const seen: Statement[] = [];
      await work(watched(database, (statement) => seen.push(statement)));
      const details: string[] = [];
      for (const { text, values } of seen) {
        const plan = sql`${{ text: `explain query plan ${text}`, values }}`;
        const steps = await database.read<{ detail: string }>(plan);
        details.push(...steps.map(({ detail }) => detail));
      }
      await database.close();
      const named = (pattern: RegExp) =>
        new Set(details.map((detail) => pattern.exec(detail)?.[1]).filter((name) => name !== undefined));
      const tables = new Set(
        db
          .prepare("select name from sqlite_schema where type = 'table'")
          .all()
          .map(({ name }) => name),
      );
      return {
        indexes: named(/USING (?:COVERING )?INDEX (\w+)/),
        // Others are subqueries, and lists that are given.
        scans: new Set([...named(/^SCAN (\w+)/)].filter((name) => tables.has(name))),
        rows: undefined,
      };
    },
    async sizes() {
      const rows = db
        .prepare(`select tbl_name as name, type, sum(pgsize) as bytes from dbstat
          join sqlite_schema on sqlite_schema.name = dbstat.name group by tbl_name, type`)
        .all();
      const names = [...new Set(rows.map(({ name }) => String(name)))];
      const bytes = (name: string, type: string) =>
        Number(rows.find((row) => row.name === name && row.type === type)?.bytes ?? 0);
      return names.map((name) => ({
        name,
        rows: Number(db.prepare(`select count(*) as n from ${name}`).get()?.n),
        table: bytes(name, "table"),
        indexes: bytes(name, "index"),
      }));
    },
    logged: async () => undefined,
    close: async () => db.close(),
  };
};

/** A database that tells of every statement before it runs it. */
const watched = (database: Database, see: (statement: Statement) => void): Database => {
  const all = (statements: readonly Statement[]) => {
    for (const statement of statements) see(statement);
  };
  return {
    ...database,
    read(statement) {
      see(statement);
      return database.read(statement);
    },
    readLong(statement) {
      see(statement);
      return database.readLong(statement);
    },
    write(statements) {
      all(statements);
      return database.write(statements);
    },
    writeIf(condition, rest) {
      all([condition, ...rest]);
      return database.writeIf(condition, rest);
    },
    writeIfAlone(condition, rest) {
      all([condition, ...rest]);
      return database.writeIfAlone(condition, rest);
    },
  };
};
