import { chmodSync, statSync } from "node:fs";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import type { Database, SqlValue, Statement, WriteResult } from "../database/index.ts";
import { migrations } from "../migrations/index.ts";
import { dialect } from "./dialect.ts";
import { explained, explainedInUse, locked, unavailable } from "./errors.ts";
import { openSqliteLog } from "./log.ts";
import { newestSchema } from "./newest-schema.gen.ts";
import { watchPlace } from "./place.ts";
import { migrateSqlite } from "./schema.ts";
import { createSqliteWriteQueue } from "./writes.ts";

/** Milliseconds to wait for the locks of another process. The event loop is blocked meanwhile. */
const lockTimeout = 5_000;
const shortLockTimeout = 100;
/** At the start, when another process may be migrating a large file; less than the 30 s that a server waits for a start. */
const longLockTimeout = 20_000;

/**
 * A larger cache (negative: in KiB) and rarer checkpoints save a tenth to a fifth of a chat's CPU time: ids are random,
 * so each chat dirties pages all over the file.
 *
 * With `normal`, SQLite syncs only at checkpoints; `log.ts` syncs the log after each transaction.
 */
const settings = `
  pragma busy_timeout = ${longLockTimeout};
  pragma journal_mode = wal;
  pragma synchronous = normal;
  pragma cache_size = -32000;
  pragma wal_autocheckpoint = 8000`;

const returnsRows = /\breturning\b/i;

/**
 * The planner of SQLite uses the value of a bare `limit ?`, and therefore recompiles the statement each time one is
 * bound (`sqlite3Reprepare`), which took a tenth of a chat's time. It does not do so for an expression.
 */
const bareLimit = /\blimit \?/g;

interface Prepared {
  statement: StatementSync;
  columns: readonly string[];
  returnsRows: boolean;
}

/** Rows as plain objects: those of `node:sqlite` have no hidden class, and are slow to create and to read. */
const rowsOf = ({ statement, columns }: Prepared, values: readonly SqlValue[]) => {
  const cells: unknown = statement.all(...(values as SQLInputValue[]));
  const rows: Record<string, SqlValue>[] = [];
  for (const row of cells as SqlValue[][]) {
    const named: Record<string, SqlValue> = {};
    for (let place = 0; place < row.length; place++) named[columns[place] ?? ""] = row[place] ?? null;
    rows.push(named);
  }
  return rows;
};

/** What users said is in it: its owner alone may read it, and the log beside it, which SQLite gives the same mode. */
const keepPrivate = (file: string): void => {
  for (const path of [file, `${file}-wal`, `${file}-shm`]) {
    const stats = statSync(path, { throwIfNoEntry: false });
    // Only its owner may change the mode.
    if (stats?.uid === process.getuid?.()) chmodSync(path, 0o600);
  }
};

const open = (file: string): DatabaseSync => {
  try {
    const db = new DatabaseSync(file);
    try {
      keepPrivate(file);
      db.exec(settings);
      migrateSqlite(db, file, migrations, newestSchema);
      db.exec(`pragma busy_timeout = ${lockTimeout}`);
      return db;
    } catch (error) {
      db.close();
      throw error;
    }
  } catch (error) {
    throw explained(error, file);
  }
};

/**
 * Opens a formation's SQLite file, and creates it when it is missing.
 *
 * Writes that arrive close together share a transaction and so a wait for the disk. With prepared statements, that lets
 * one core serve thousands of chats per second without losing any.
 *
 * @throws SchemaError when its schema cannot be brought up to date, NewerSchemaError when a newer version wrote it;
 * StorageUnavailableError when it cannot be written.
 */
export const openSqlite = (file: string): Database => {
  const db = open(file);

  const prepared = new Map<string, Prepared>();
  const prepare = (text: string): Prepared => {
    let entry = prepared.get(text);
    if (!entry) {
      const statement = db.prepare(text.replace(bareLimit, "limit (? + 0)"));
      statement.setReturnArrays(true);
      const columns = statement.columns().map(({ name }) => name);
      entry = { statement, columns, returnsRows: returnsRows.test(text) };
      prepared.set(text, entry);
    }
    return entry;
  };

  const resultOf = ({ text, values }: Statement): WriteResult => {
    const entry = prepare(text);
    if (entry.returnsRows) {
      const rows = rowsOf(entry, values);
      return { changes: rows.length, rows };
    }
    return { changes: Number(entry.statement.run(...(values as SQLInputValue[])).changes), rows: [] };
  };

  /** To be called when the transaction in progress has been committed. */
  let listeners: (() => void)[] = [];

  const run = (statement: Statement): WriteResult => {
    const result = resultOf(statement);
    const { onCommit } = statement;
    if (onCommit) listeners.push(() => onCommit(result));
    return result;
  };

  const readDataVersion = db.prepare("pragma data_version");
  const begin = db.prepare("begin");
  const beginImmediate = db.prepare("begin immediate");
  const end = db.prepare("commit");

  let isReading = false;
  /** That of the transaction of reads: nobody's writes are seen before it has ended. */
  let version: number | undefined;
  const endReading = () => {
    if (!isReading) return;
    isReading = false;
    version = undefined;
    // An I/O error may have ended the transaction.
    if (db.isTransaction) end.run();
  };

  /**
   * Reads in one turn of the event loop share a transaction: otherwise each would lock and unlock the file, which costs
   * four times as much as finding a row.
   */
  const beginReading = () => {
    if (isReading) return;
    begin.run();
    isReading = true;
    setImmediate(endReading);
  };

  const read = ({ text, values }: Statement) => {
    beginReading();
    return rowsOf(prepare(text), values);
  };

  const dataVersion = () => {
    beginReading();
    version ??= Number(readDataVersion.get()?.data_version);
    return version;
  };

  const transaction = (work: () => void) => {
    endReading();
    beginImmediate.run();
    listeners = [];
    try {
      work();
      end.run();
    } catch (error) {
      // After a full disk, SQLite has already rolled back.
      if (db.isTransaction) db.exec("rollback");
      throw error;
    }
    for (const tell of listeners) tell();
  };

  const log = openSqliteLog(db, () => {
    endReading();
    db.exec(`pragma busy_timeout = ${shortLockTimeout}`);
    try {
      const outcome = db.prepare("pragma wal_checkpoint(truncate)").get();
      if (outcome?.busy !== 0) throw unavailable(file, locked);
    } finally {
      db.exec(`pragma busy_timeout = ${lockTimeout}`);
    }
  });
  const queue = createSqliteWriteQueue(transaction, log);
  // When the file is a symbolic link, SQLite keeps to its target.
  const place = watchPlace(db.location() ?? file);

  const enqueue = async <Result>(work: () => Result): Promise<Result> => {
    try {
      place.ensureSame();
      return await queue.add(work);
    } catch (error) {
      throw explainedInUse(error, file);
    }
  };

  const readRows = async <Row>(statement: Statement): Promise<Row[]> => {
    try {
      place.ensureSame();
      log.ensureSafe();
      const rows = read(statement) as Row[];
      // The rows may contain what a loss of power would still undo; nothing may be based on that.
      await log.syncing;
      return rows;
    } catch (error) {
      throw explainedInUse(error, file);
    }
  };

  const writeIf: Database["writeIf"] = (condition, rest) =>
    enqueue(() => {
      const result = run(condition);
      if (result.changes === 0) return undefined;
      for (const statement of rest) run(statement);
      return result;
    });

  return {
    dialect,
    // No other process uses the file.
    hints: { send() {}, listen() {} },
    now: Date.now,
    dataVersion,
    read: readRows,
    readLong: readRows,
    readApart(statement) {
      place.look();
      return readRows(statement);
    },
    write: (statements) => enqueue(() => statements.map(run)),
    writeIf,
    writeIfAlone: writeIf,
    async writeInOrder(statements) {
      await enqueue(() => statements.map(run));
    },
    async close() {
      await queue.done();
      place.close();
      endReading();
      db.close();
      log.close();
    },
  };
};
