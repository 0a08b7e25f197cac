import { setTimeout as sleep } from "node:timers/promises";
import { asError } from "@muxi/http";
import type { Pool, PoolClient, QueryResult } from "pg";
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
import { dialect } from "./dialect.ts";
import { codeOf, isFromServer, isUnavailable, unavailable } from "./errors.ts";
import { createHints } from "./hints.ts";
import { countLock, turnLock } from "./locks.ts";
import { createNumbering } from "./parameters.ts";
import { createReads } from "./reads.ts";
import { migratePostgres } from "./schema.ts";
import { createWriteQueue, lockTimeout, type Transaction } from "./writes.ts";

/** Serialisation failure and deadlock: the transaction is to be retried. */
const retriable: ReadonlySet<string> = new Set(["40001", "40P01"]);
const mostTries = 5;
/**
 * Before a further attempt to connect, in milliseconds; together they outlast a quick restart of the server
 * (docs/spec/formation-files.md "Manifest: memory").
 */
const connectWaits = [0, 100, 500, 1_500];

/** Writes that share a transaction do not wait long for a lock that only one of them needs. */
const beginTogether = `begin; set local lock_timeout = ${lockTimeout}`;
const connections = 20;
/** Milliseconds. */
const connectTimeout = 10_000;

/** Waits for all answers, until the connection is free. Rejects with the first failure, which caused the others. */
const together = async <Result>(work: readonly Promise<Result>[]): Promise<Result[]> => {
  await Promise.allSettled(work);
  return Promise.all(work);
};

export interface PostgresOptions {
  /** Maximum duration of a statement in seconds (`memory.persistent.query_timeout_seconds`). */
  queryTimeout: number;
  log: Pick<Logger, "warn">;
}

/**
 * Opens a formation's Postgres database, which any number of processes may share, and brings its schema up to date.
 *
 * @throws SchemaError when its schema cannot be brought up to date, NewerSchemaError when a newer version wrote it; Error
 * without the password when it cannot be reached.
 */
export const openPostgres = async (
  connectionString: string,
  { queryTimeout, log }: PostgresOptions,
): Promise<Database> => {
  // Loaded only when needed: SQLite is the default.
  const { default: pg } = await import("pg");
  const pool: Pool = new pg.Pool({
    connectionString,
    max: connections,
    connectionTimeoutMillis: connectTimeout,
    pipeline: true,
    statement_timeout: queryTimeout * 1000,
    types: {
      getTypeParser: (oid, format) =>
        oid === pg.types.builtins.INT8 ? Number : pg.types.getTypeParser(oid, format),
    },
  });
  // An idle connection that is lost is replaced at the next query.
  pool.on("error", ({ message }) => log.warn({ reason: message }, "a connection to Postgres broke"));

  const numbered = createNumbering();

  const withClient = async <Result>(work: (client: PoolClient) => Promise<Result>): Promise<Result> => {
    const client = await pool.connect();
    let broken = false;
    // The query fails as well, but an error event without a listener would end the process.
    const onError = () => {
      broken = true;
    };
    client.on("error", onError);
    try {
      return await work(client);
    } catch (error) {
      broken ||= !isFromServer(error) || isUnavailable(error);
      throw error;
    } finally {
      client.off("error", onError);
      client.release(broken);
    }
  };

  const transaction: Transaction = async (writes) => {
    for (let attempt = 1; ; attempt++) {
      // When a commit gets no answer, nobody knows whether it was done: it is not retried.
      let isCommitting = false;
      try {
        return await withClient(async (client) => {
          try {
            // Sent together.
            const begun = client.query(writes.length === 1 ? "begin" : beginTogether);
            const firsts = writes.map(({ first }) =>
              together(first.map((statement) => run(client, statement))),
            );
            await together<unknown>([begun, ...firsts]);
            const results = await Promise.all(firsts);
            await together(
              writes.flatMap(({ rest }, index) =>
                results[index]?.at(-1)?.changes ? rest.map((statement) => run(client, statement)) : [],
              ),
            );
            isCommitting = true;
            await client.query("commit");
            return results;
          } catch (error) {
            if (isFromServer(error) && !isUnavailable(error)) await client.query("rollback");
            throw error;
          }
        });
      } catch (error) {
        const isLost = isUnavailable(error);
        const isClash = retriable.has(codeOf(error)) && writes.length === 1;
        const again = isClash || (isLost && !isCommitting);
        if (!again || attempt === mostTries) throw isLost ? unavailable(error) : error;
        if (isLost) await sleep(connectWaits[attempt - 1] ?? 0);
      }
    }
  };

  const ask = createReads({ withClient, query: (client, statement) => client.query(numbered(statement)) });

  const reading = async <Row>(
    send: (statement: Statement) => Promise<QueryResult>,
    statement: Statement,
  ): Promise<Row[]> => {
    for (let attempt = 1; ; attempt++) {
      try {
        return (await send(statement)).rows as Row[];
      } catch (error) {
        if (!isUnavailable(error)) throw error;
        if (attempt === mostTries) throw unavailable(error);
        await sleep(connectWaits[attempt - 1] ?? 0);
      }
    }
  };

  const run = async (client: PoolClient, statement: Statement): Promise<WriteResult> => {
    const { rowCount, rows } = await client.query<Record<string, SqlValue>>(numbered(statement));
    return { changes: rowCount ?? 0, rows };
  };

  const { host, pathname } = new URL(connectionString);
  const name = `the Postgres database ${host}${pathname}`;
  try {
    await withClient((client) => migratePostgres(client, name, migrations));
  } catch (error) {
    await pool.end();
    if (error instanceof SchemaError) throw error;
    const reason = asError(error).message;
    throw new Error(
      `${name} cannot be used (${reason}): check that it runs and memory.persistent.connection_string`,
      { cause: error },
    );
  }

  const hints = createHints({
    async connect() {
      const client = new pg.Client({ connectionString, connectionTimeoutMillis: connectTimeout });
      await client.connect();
      return client;
    },
    send: (text, values) => pool.query(text, values),
    log,
  });

  const writes = createWriteQueue(transaction);

  return {
    dialect,
    hints,
    read: (statement) => reading(ask, statement),
    readLong: (statement) => reading((long) => pool.query(numbered(long)), statement),
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
      await transaction([
        { first: [sql`select pg_advisory_xact_lock(${turnLock})`, ...statements], rest: [] },
      ]);
    },
    async close() {
      await hints.close();
      await writes.done();
      await pool.end();
    },
  };
};
