import { setTimeout as sleep } from "node:timers/promises";
import type { Statement } from "../database/index.ts";
import {
  type AppliedMigration,
  hasHistory,
  type Migration,
  nextStep,
  type Place,
  readApplied,
  stepFailed,
  type TableColumn,
} from "../migrations/index.ts";
import type { Connection } from "./connection.ts";
import { dialect } from "./dialect.ts";
import { codeOf, isCollision, isPassing } from "./errors.ts";
import { migrationLock } from "./locks.ts";
import { numberedOnce } from "./parameters.ts";

/**
 * Most milliseconds for the lock of a table, and before the next attempt. Behind a statement that waits for one, all
 * others that need the table wait too, those of processes of the version before among them. At first it is less than the
 * second after which Postgres looks for deadlocks, so that the migration gives way and not the others; with each attempt
 * it is twice as long, since otherwise busy ones would never let it through.
 */
const lockTimeouts = { first: 500, longest: 8_000 };
const pause = 1_000;
/** Locks before it reads. Waiting for another process that migrates may take long, and so may a large table. */
const begin = (lockTimeout: number) =>
  `begin; set local statement_timeout = 0; select pg_advisory_xact_lock(${migrationLock});
  set local lock_timeout = ${lockTimeout}`;
/** Whether the locks of others were in the way. */
const isInTheWay = (error: unknown): boolean => codeOf(error) === "55P03" || isCollision(error);

const readColumns = `select table_name as "table", column_name as "column"
  from information_schema.columns where table_schema = current_schema()`;

/**
 * Applies the next migration that a schema lacks, within a transaction that has begun. False when it lacks none.
 *
 * @param name Of the database, in messages.
 */
export const applyNext = async (
  connection: Pick<Connection, "query">,
  name: string,
  migrations: readonly Migration[],
): Promise<boolean> => {
  const place: Place = { dialect, name, alternative: "name another database" };
  const rows = async <Row extends object>(statement: Statement) =>
    (await connection.query<Row>(numberedOnce(statement))).rows;
  const columns = await rows<TableColumn>({ text: readColumns, values: [] });
  const applied = hasHistory(columns) ? await rows<AppliedMigration>(readApplied) : [];
  const step = nextStep(place, { columns, applied }, migrations);
  if (!step) return false;
  try {
    for (const statement of step.statements) await rows(statement);
  } catch (cause) {
    throw isPassing(cause) || isInTheWay(cause) ? cause : stepFailed(place, step, cause);
  }
  return true;
};

/**
 * Applies the migrations that a database lacks, each in a transaction of its own: a process that ends in the middle of
 * one leaves what was there before it. Of several processes that start at once, one applies each.
 *
 * @throws SchemaError when one fails or the history of the database is another one; NewerSchemaError when a newer
 * version wrote the database.
 */
export const migratePostgres = async (
  connection: Pick<Connection, "query">,
  name: string,
  migrations: readonly Migration[],
): Promise<void> => {
  let lockTimeout = lockTimeouts.first;
  const migrateOnce = async (): Promise<boolean> => {
    await connection.query(begin(lockTimeout));
    try {
      const hasApplied = await applyNext(connection, name, migrations);
      await connection.query("commit");
      return hasApplied;
    } catch (error) {
      // When the connection is lost, the server rolls back.
      if (!isPassing(error)) await connection.query("rollback");
      if (!isInTheWay(error)) throw error;
      lockTimeout = Math.min(lockTimeout * 2, lockTimeouts.longest);
      await sleep(pause);
      return true;
    }
  };

  while (await migrateOnce());
};
