import { pino } from "pino";
import { migrations } from "../migrations/index.ts";
import { createConnector } from "./connection.ts";
import { dumpRows, loadRows } from "./rows.ts";
import { migratePostgres } from "./schema.ts";

/** A copy of a formation's rows: to a file, or from one. */
export type RowsCopy = { to: string } | { from: string; replaces: boolean };

/** Milliseconds for the connection. */
const connectTimeout = 10_000;

/**
 * Copies what a formation has in Postgres (docs/spec/formation-files.md "Copying rows").
 *
 * @throws Error when it fails: then nothing has changed.
 */
export const copyRows = async (
  connectionString: string,
  formationId: string,
  copy: RowsCopy,
): Promise<void> => {
  // A connection that breaks is the error of whoever waits for its answer.
  const log = pino({ level: "silent" });
  const connect = await createConnector(connectionString, { startup: {}, log });
  const connection = await connect(connectTimeout);
  const { host, pathname } = new URL(connectionString);
  try {
    await migratePostgres(connection, `the Postgres database ${host}${pathname}`, migrations);
    if ("to" in copy) await dumpRows(connection, formationId, copy.to);
    else await loadRows(connection, formationId, copy.from, copy);
  } finally {
    await connection.close();
  }
};
