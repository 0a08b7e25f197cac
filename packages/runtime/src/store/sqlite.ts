import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { Kysely, SqliteDialect } from "kysely";
import { migrations } from "./migrations.ts";
import type { Schema } from "./schema.ts";
import type { Statement, WriteResult } from "./statement.ts";

interface PendingWrite {
  statements: readonly Statement[];
  resolve: (results: WriteResult[]) => void;
  reject: (reason: unknown) => void;
}

/** A formation's database: typed queries for reading, and writes that are durable once their promise resolves. */
export interface Database {
  readonly query: Kysely<Schema>;
  /** Rows of a hand-written statement: for the reads that every chat makes. */
  all<Row>(statement: Statement): Promise<Row[]>;
  /** Runs the statements in one transaction; resolves when it is on disk. */
  write(statements: readonly Statement[]): Promise<WriteResult[]>;
  close(): Promise<void>;
}

/** A schema that a newer version wrote: this one would damage it. */
export class NewerSchemaError extends Error {
  override readonly name = "NewerSchemaError";
}

const values = (statement: Statement): SQLInputValue[] => statement.parameters as SQLInputValue[];

/**
 * The cache (in KiB, when negative) and the rarer checkpoints take a tenth to a fifth off a chat's CPU: ids are random,
 * so that each chat dirties pages all over the file.
 */
const settings = `
  pragma busy_timeout = 5000;
  pragma journal_mode = wal;
  pragma synchronous = full;
  pragma foreign_keys = on;
  pragma cache_size = -32000;
  pragma wal_autocheckpoint = 8000`;

const isQuery = /^\s*(?:select|with|pragma)\b|\breturning\b/i;

const migrate = (db: DatabaseSync, file: string) => {
  // The lock comes first: of two processes that start at once, the second finds the work done.
  db.exec("begin immediate");
  try {
    const version = Number(db.prepare("pragma user_version").get()?.user_version ?? 0);
    if (version > migrations.length) {
      throw new NewerSchemaError(
        `${file} was written by a newer version (schema ${version}, this one knows ${migrations.length}): update muxi, or move the file away to start afresh`,
      );
    }
    for (const { statements } of migrations.slice(version)) {
      for (const sql of statements) db.exec(sql);
    }
    db.exec(`pragma user_version = ${migrations.length}`);
    db.exec("commit");
  } catch (error) {
    db.exec("rollback");
    throw error;
  }
};

/**
 * Opens (and where needed creates) a formation's SQLite file.
 *
 * Writes of the same event-loop tick share one transaction, and so one wait for the disk: that, and statements that
 * are prepared once, is what lets one core serve thousands of chats a second with nothing lost.
 *
 * @throws NewerSchemaError when a newer version wrote the file.
 */
export const openSqlite = (file: string): Database => {
  const db = new DatabaseSync(file);
  db.exec(settings);
  migrate(db, file);

  const prepared = new Map<string, StatementSync>();
  const prepare = (sql: string): StatementSync => {
    let statement = prepared.get(sql);
    if (!statement) {
      statement = db.prepare(sql);
      prepared.set(sql, statement);
    }
    return statement;
  };

  const run = (statement: Statement): WriteResult => ({
    changes: Number(prepare(statement.sql).run(...values(statement)).changes),
  });

  const transaction = <T>(work: () => T): T => {
    db.exec("begin immediate");
    try {
      const result = work();
      db.exec("commit");
      return result;
    } catch (error) {
      // SQLite has already rolled back by itself after a full disk.
      if (db.isTransaction) db.exec("rollback");
      throw error;
    }
  };

  let pending: PendingWrite[] = [];

  const settle = (write: PendingWrite) => {
    try {
      write.resolve(transaction(() => write.statements.map(run)));
    } catch (error) {
      write.reject(error);
    }
  };

  const flush = () => {
    const writes = pending;
    pending = [];
    const [first] = writes;
    if (!first) return;
    if (writes.length === 1) return settle(first);
    let results: WriteResult[][];
    try {
      results = transaction(() => writes.map(({ statements }) => statements.map(run)));
    } catch {
      // One of them failed. Alone, each gets its own result and the innocent ones go through.
      for (const write of writes) settle(write);
      return;
    }
    writes.forEach((write, index) => {
      write.resolve(results[index] ?? []);
    });
  };

  const query = new Kysely<Schema>({
    dialect: new SqliteDialect({
      database: {
        close: () => {},
        prepare: (sql) => {
          const statement = prepare(sql);
          return {
            reader: isQuery.test(sql),
            all: (parameters) => statement.all(...(parameters as SQLInputValue[])),
            run: (parameters) => {
              const { changes, lastInsertRowid } = statement.run(...(parameters as SQLInputValue[]));
              return { changes: Number(changes), lastInsertRowid: Number(lastInsertRowid) };
            },
            iterate: (parameters) => statement.iterate(...(parameters as SQLInputValue[])),
          };
        },
      },
    }),
  });

  return {
    query,
    all: async <Row>(statement: Statement) => prepare(statement.sql).all(...values(statement)) as Row[],
    write: (statements) =>
      new Promise((resolve, reject) => {
        if (pending.push({ statements, resolve, reject }) === 1) setImmediate(flush);
      }),
    async close() {
      flush();
      await query.destroy();
      db.close();
    },
  };
};
