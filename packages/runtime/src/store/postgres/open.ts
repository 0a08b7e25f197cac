import { asError } from "@muxi/http";
import type { Logger } from "pino";
import {
  type Database,
  SchemaError,
  type SqlValue,
  type Statement,
  sql,
  type WriteResult,
} from "../database/index.ts";
import { migrations } from "../migrations/index.ts";
import { attempt } from "./attempts.ts";
import { runTogether } from "./batches.ts";
import { createClock } from "./clock.ts";
import { type Answer, type Connection, createConnector } from "./connection.ts";
import { currentTime, dialect } from "./dialect.ts";
import { isCollision, isIdledOut, isPassing, isUnavailable, unavailable } from "./errors.ts";
import { createHintRows, createPolledHints } from "./hint-rows.ts";
import { createHints } from "./hints.ts";
import { countLock, turnLock } from "./locks.ts";
import { createNotifications } from "./notifications.ts";
import { createNumbering, numberedOnce, type Sent } from "./parameters.ts";
import type { Pool } from "./pool.ts";
import { connectTimeout, openPools, reserveLimit, survives } from "./pools.ts";
import { createReads } from "./reads.ts";
import { migratePostgres } from "./schema.ts";
import { startPatiently } from "./start.ts";
import { type Pooler, settingsFor } from "./statement-settings.ts";
import { createStatistics } from "./statistics.ts";
import { createWriteQueue, lockTimeout, type Transaction } from "./writes.ts";

/** Writes that share a transaction do not wait long for a lock that only one of them needs. */
const waitBriefly = `; set local lock_timeout = ${lockTimeout}`;
/** Milliseconds for a first connection, when the formation starts. */
const firstConnectTimeout = 10_000;
/** Most milliseconds after which the server ends a transaction without further statements. */
const abandonedAfter = 5_000;

type Rows = Answer<Record<string, SqlValue>>;

/** Waits for all answers, until the connection is free. Rejects with the first failure, which caused the others. */
const allOf = async <Result>(work: readonly Promise<Result>[]): Promise<Result[]> => {
  await Promise.allSettled(work);
  return Promise.all(work);
};

export interface PostgresOptions {
  /** Maximum duration of a statement in seconds (`memory.persistent.query_timeout_seconds`). */
  queryTimeout: number;
  /** `memory.persistent.pooler`. Default: none. */
  pooler?: Pooler;
  log: Pick<Logger, "warn" | "error">;
}

/**
 * Opens a formation's Postgres database, which any number of processes may share, and brings its schema up to date.
 *
 * @throws SchemaError when its schema cannot be brought up to date, NewerSchemaError when a newer version wrote it; Error
 * without the password when it cannot be reached.
 */
export const openPostgres = async (
  connectionString: string,
  { queryTimeout, pooler = "none", log }: PostgresOptions,
): Promise<Database> => {
  const limit = queryTimeout * 1000;
  const settings = settingsFor(pooler, {
    statement: limit,
    abandoned: Math.min(abandonedAfter, limit / 2),
  });
  const connect = await createConnector(connectionString, { startup: settings.startup, log });

  const { host, pathname } = new URL(connectionString);
  const name = `the Postgres database ${host}${pathname}`;
  const bringUpToDate = async () => {
    const connection = await connect(firstConnectTimeout);
    await migratePostgres(connection, name, migrations).finally(() => connection.close());
  };
  try {
    await startPatiently(bringUpToDate, log);
  } catch (error) {
    if (error instanceof SchemaError) throw error;
    const reason = asError(error).message;
    throw new Error(
      `${name} cannot be used (${reason}): check that it runs and memory.persistent.connection_string`,
      { cause: error },
    );
  }

  const { pool, reservePool } = openPools({ connect, settings, limit, log });

  const statistics = createStatistics({
    use: (work) => reservePool.use(work, performance.now() + limit),
    log,
  });

  const numbered = settings.always ? numberedOnce : createNumbering();
  const query = (connection: Connection, sent: Sent): Promise<Rows> => connection.query(numbered(sent));

  const queryAlone = settings.always
    ? async (connection: Connection, statement: Statement): Promise<Rows> => {
        // Sent together. When a statement has failed, the commit ends its transaction without an error of its own.
        const [, rows] = await allOf<Rows>([
          connection.query(settings.begin),
          query(connection, statement),
          connection.query("commit"),
        ]);
        return rows ?? { rows: [], rowCount: 0 };
      }
    : query;

  const transaction: Transaction = async (writes) => {
    // When a commit gets no answer, nobody knows whether it was done: it is not repeated.
    let isCommitting = false;

    const perform = async (connection: Connection): Promise<WriteResult[][]> => {
      let changed = 0;
      const run = async (sent: Sent): Promise<WriteResult> => {
        const { rowCount, rows } = await query(connection, sent);
        changed += rowCount ?? 0;
        return { changes: rowCount ?? 0, rows };
      };
      try {
        const begun = connection.query(writes.length === 1 ? settings.begin : settings.begin + waitBriefly);
        const firsts = runTogether(
          writes.map(({ first }) => first),
          run,
        );
        await allOf<unknown>([begun, firsts]);
        const results = await firsts;
        const met = writes.filter((_, index) => results[index]?.at(-1)?.changes);
        await runTogether(
          met.map(({ rest }) => rest),
          run,
        );
        // A process that was held up may find that the server has ended the transaction meanwhile.
        if (connection.lost.aborted) throw new Error("the connection broke before the commit");
        isCommitting = true;
        await connection.query("commit");
        statistics.wrote(changed);
        return results;
      } catch (error) {
        if (survives(error)) await connection.query("rollback");
        throw error;
      }
    };
    const mayRepeat = (error: unknown) =>
      isPassing(error) ? !isCommitting || isIdledOut(error) : isCollision(error) && writes.length === 1;
    const mayBeOneOfThem = (error: unknown) => writes.length > 1 && !isPassing(error);

    try {
      return await attempt(
        limit,
        (until) => {
          isCommitting = false;
          return pool.use(perform, until);
        },
        mayRepeat,
      );
    } catch (error) {
      throw isUnavailable(error) && !mayBeOneOfThem(error) ? unavailable(error) : error;
    }
  };

  const reading = async <Row>(
    send: (statement: Statement, until: number) => Promise<Rows>,
    statement: Statement,
    within = limit,
  ): Promise<Row[]> => {
    try {
      const mayRepeat = (error: unknown) => isPassing(error) || isCollision(error);
      const { rows } = await attempt(within, (until) => send(statement, until), mayRepeat);
      return rows as Row[];
    } catch (error) {
      throw isUnavailable(error) ? unavailable(error) : error;
    }
  };

  const readTogether = createReads({ pool, query: queryAlone });
  const readAlone = (from: Pool<Connection>) => (statement: Statement, until: number) =>
    from.use((connection) => queryAlone(connection, statement), until);
  const readApart = <Row>(statement: Statement) =>
    reading<Row>(readAlone(reservePool), statement, reserveLimit);

  const writeInOrder = async (statements: readonly Statement[]): Promise<WriteResult[]> => {
    const lock = sql`select pg_advisory_xact_lock(${turnLock})`;
    const [results] = await transaction([{ first: [lock, ...statements], rest: [] }]);
    return results?.slice(1) ?? [];
  };

  const rows = createHintRows({ read: (statement) => reading(readTogether, statement), writeInOrder });
  const notifications = () =>
    createNotifications({
      connect: () => connect(connectTimeout),
      send: (text, values) =>
        attempt(limit, (until) => pool.use((connection) => connection.query({ text, values }), until)),
      rows,
      log,
    });
  // A pooler would take the connection away on which notifications are listened for.
  const hints = createHints(settings.always ? createPolledHints(rows, log) : notifications(), log);

  const writes = createWriteQueue(transaction);

  const timeFrom = (rows: readonly { time: number }[]) => rows[0]?.time ?? Date.now();
  const askTime = sql`select ${currentTime} as time`;
  const clock = await createClock({
    ask: async () => timeFrom(await readApart(askTime)),
    // Nobody waits for a call yet: it may take as long as any read.
    askFirst: async () => timeFrom(await reading(readAlone(pool), askTime)),
    log,
  });

  return {
    dialect,
    now: clock.now,
    hints,
    read: (statement) => reading(readTogether, statement),
    readLong: (statement) => reading(readAlone(pool), statement),
    readApart,
    write: (statements) => writes.add({ first: statements, rest: [] }),
    async writeIf(condition, rest) {
      const [result] = await writes.add({ first: [condition], rest });
      return result?.changes ? result : undefined;
    },
    async writeIfAlone(condition, rest) {
      // A statement of its own, so that the next one sees everything written before the lock was free.
      const lock = sql`select pg_advisory_xact_lock(${countLock})`;
      const [results] = await transaction([{ first: [lock, condition], rest }]);
      const result = results?.at(-1);
      return result?.changes ? result : undefined;
    },
    async writeInOrder(statements) {
      await writeInOrder(statements);
    },
    async close() {
      await Promise.all([hints.close(), clock.close()]);
      await writes.done();
      await Promise.all([pool.close(), reservePool.close()]);
    },
  };
};
