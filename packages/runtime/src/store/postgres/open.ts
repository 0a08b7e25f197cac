import { setTimeout as sleep } from "node:timers/promises";
import { asError } from "@muxi/http";
import type { Pool, PoolClient, QueryResult } from "pg";
import type { Logger } from "pino";
import {
  type Database,
  type Dialect,
  NewerSchemaError,
  type SqlValue,
  type Statement,
  StorageUnavailableError,
  sql,
  type WriteResult,
} from "../database/index.ts";
import { migrations } from "../migrations/index.ts";
import { createHints } from "./hints.ts";
import { createReads } from "./reads.ts";
import { createWriteQueue, patience, type Transaction } from "./writes.ts";

/**
 * Any numbers, the same for all processes: what is held while the schema is made, by writers that take turns, and by those
 * whose condition counts what others write.
 */
const [migrationLock, turnLock, countLock] = [7_041_776, 7_041_777, 7_041_778];

const dialect: Dialect = {
  engine: "postgres",
  serial: "bigserial primary key",
  counter: "bigserial primary key",
  // A list made into rows, it takes for so many that it reads a whole table instead.
  isOneOf: (numbers) => sql`= any(cast(${`{${numbers.join(",")}}`} as bigint[]))`,
  bytes: "bytea",
  inKeyOrder: "",
  // By itself it cuts rows of more than 2 KB into pieces, and has them in another table.
  inOnePiece: " with (toast_tuple_target = 8160)",
  textsOf: (json) => sql`jsonb_array_elements_text(${json}::jsonb)`,
  skipClaimed: "for update skip locked",
  isTaken: (error) => codeOf(error) === "23505",
};

const codeOf = (error: unknown): string =>
  typeof error === "object" && error !== null && "code" in error ? String(error.code) : "";

/** Two transactions that stood in each other's way: one of them is to be tried again. */
const clashes: ReadonlySet<string> = new Set(["40001", "40P01"]);
const mostTries = 5;
/** Pauses before a lost connection is made again, in milliseconds; together a quick restart of the server. */
const pauses = [0, 100, 500, 1_500];

/** Whether the server said it. Anything else comes from the connection. */
const isAnswer = (error: unknown): boolean =>
  typeof error === "object" && error !== null && "severity" in error;

/** SQLSTATE classes: connection exception, insufficient resources, operator intervention, system error. */
const outside = /^(08|53|57P|58)/;

/** Whether the statement could not be run for a reason outside it: the connection, the server, its disk. */
const isUnavailable = (error: unknown): boolean =>
  isAnswer(error)
    ? outside.test(codeOf(error))
    : /^E[A-Z]+$/.test(codeOf(error)) ||
      (error instanceof Error && /connection|not queryable|Cannot use a pool/i.test(error.message));

const unavailable = (cause: unknown) =>
  new StorageUnavailableError(
    `the Postgres database cannot be used (${cause instanceof Error ? cause.message : String(cause)}): check that it runs, and its disk`,
    { cause },
  );

/** Writes that share a transaction do not wait for long for a lock that one of them needs. */
const beginTogether = `begin; set local lock_timeout = ${patience}`;
const connections = 20;
/** Milliseconds. */
const connectTimeout = 10_000;

/** No text in Postgres holds the character NUL; people paste it, and files and models hold it. */
const storable = (value: SqlValue): SqlValue =>
  typeof value === "string" && value.includes("\0") ? value.replaceAll("\0", "\ufffd") : value;

/** Postgres numbers its parameters, and keeps what it has prepared under a name. */
const createNumbering = () => {
  const known = new Map<string, { name: string; text: string }>();
  return ({ text, values }: Statement) => {
    let entry = known.get(text);
    if (!entry) {
      let count = 0;
      entry = { name: `muxi_${known.size}`, text: text.replaceAll("?", () => `$${++count}`) };
      known.set(text, entry);
    }
    return { ...entry, values: values.map(storable) };
  };
};

/** Waits until all is answered, and the connection free; the first failure is the one that the others follow from. */
const together = async <Result>(work: readonly Promise<Result>[]): Promise<Result[]> => {
  await Promise.allSettled(work);
  return Promise.all(work);
};

const migrate = async (client: PoolClient): Promise<void> => {
  await client.query("select pg_advisory_lock($1)", [migrationLock]);
  try {
    await client.query("create table if not exists schema_version (version bigint not null)");
    const { rows } = await client.query<{ version: number }>(
      "select max(version) as version from schema_version",
    );
    const version = rows[0]?.version ?? 0;
    if (version > migrations.length) {
      throw new NewerSchemaError(
        `the database was written by a newer version (schema ${version}, this one knows ${migrations.length}): update muxi, or name another database`,
      );
    }
    if (version === migrations.length) return;
    await client.query("begin");
    for (const { tables } of migrations.slice(version)) {
      for (const text of tables.flatMap((make) => make(dialect))) await client.query(text);
    }
    await client.query("insert into schema_version (version) values ($1)", [migrations.length]);
    await client.query("commit");
  } catch (error) {
    await client.query("rollback");
    throw error;
  } finally {
    await client.query("select pg_advisory_unlock($1)", [migrationLock]);
  }
};

export interface PostgresOptions {
  /** Seconds for one statement (`memory.persistent.query_timeout_seconds`). */
  queryTimeout: number;
  log: Pick<Logger, "warn">;
}

/**
 * Opens (and where needed makes the tables of) a formation's Postgres database, which any number of processes share.
 *
 * @throws NewerSchemaError when a newer version wrote it; Error without the password when it cannot be reached.
 */
export const openPostgres = async (
  connectionString: string,
  { queryTimeout, log }: PostgresOptions,
): Promise<Database> => {
  // Loaded only where it is used: SQLite is the default.
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
  // A connection that breaks while it is idle is replaced with the next query.
  pool.on("error", ({ message }) => log.warn({ reason: message }, "a connection to Postgres broke"));

  const numbered = createNumbering();

  const withClient = async <Result>(work: (client: PoolClient) => Promise<Result>): Promise<Result> => {
    const client = await pool.connect();
    let broken = false;
    // Its query fails too; but an error event that nobody hears would end the process.
    const onError = () => {
      broken = true;
    };
    client.on("error", onError);
    try {
      return await work(client);
    } catch (error) {
      broken ||= !isAnswer(error) || isUnavailable(error);
      throw error;
    } finally {
      client.off("error", onError);
      client.release(broken);
    }
  };

  const transaction: Transaction = async (writes) => {
    for (let attempt = 1; ; attempt++) {
      // Whether a commit that got no answer was done, nobody knows: it is not tried again.
      let isCommitting = false;
      try {
        return await withClient(async (client) => {
          try {
            // Sent in one go.
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
            if (isAnswer(error) && !isUnavailable(error)) await client.query("rollback");
            throw error;
          }
        });
      } catch (error) {
        const isLost = isUnavailable(error);
        const isClash = clashes.has(codeOf(error)) && writes.length === 1;
        const again = isClash || (isLost && !isCommitting);
        if (!again || attempt === mostTries) throw isLost ? unavailable(error) : error;
        if (isLost) await sleep(pauses[attempt - 1] ?? 0);
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
        await sleep(pauses[attempt - 1] ?? 0);
      }
    }
  };

  const run = async (client: PoolClient, statement: Statement): Promise<WriteResult> => {
    const { rowCount, rows } = await client.query<Record<string, SqlValue>>(numbered(statement));
    return { changes: rowCount ?? 0, rows };
  };

  try {
    await withClient(migrate);
  } catch (error) {
    await pool.end();
    if (error instanceof NewerSchemaError) throw error;
    const { host, pathname } = new URL(connectionString);
    const reason = asError(error).message;
    throw new Error(
      `the Postgres database ${host}${pathname} cannot be used (${reason}): check that it runs and memory.persistent.connection_string`,
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
    async writeIfInTurn(condition, rest) {
      // A statement of its own: the next one sees what was written until the lock was free.
      const lock = sql`select pg_advisory_xact_lock(${countLock})`;
      const [results] = await transaction([{ first: [lock, condition], rest }]);
      const result = results?.at(-1);
      return result?.changes ? result : undefined;
    },
    async writeInTurn(statements) {
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
