import { createReadStream, createWriteStream } from "node:fs";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import * as z from "zod";
import { type CopiedTable, copiedTables, migrations } from "../migrations/index.ts";
import type { Connection } from "./connection.ts";
import { migrationLock } from "./locks.ts";
import { applyNext } from "./schema.ts";

/** What the functions of this file need of a connection. */
export type RowsConnection = Pick<Connection, "query">;

/** Rows that are read or written at once. */
const atOnce = 500;
/** The rows of a file in the schema of its time, until they are brought to today's. */
const workshop = "muxi_rows";

const headerSchema = z.object({ schema: z.int().min(1), formation_id: z.string() });

/** A copy may take long, and waits for nobody. */
const unlimited = "set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0";

const rowsOf = async function* (
  connection: RowsConnection,
  { name, mine }: CopiedTable,
  formationId: string,
): AsyncGenerator<string> {
  await connection.query({
    text: `declare reader no scroll cursor for
      select row_to_json(${name})::text as line from ${name} where ${mine}`,
    values: [formationId],
  });
  for (;;) {
    const { rows } = await connection.query<{ line: string }>(`fetch ${atOnce} from reader`);
    for (const { line } of rows) yield `${name}\t${line}\n`;
    if (rows.length < atOnce) break;
  }
  await connection.query("close reader");
};

/**
 * Writes the rows of a formation to a file, as they are at one moment, also while processes write: a line with the number of
 * the schema, then one for each row. Rows of other formations in the same database are not read.
 */
export const dumpRows = async (
  connection: RowsConnection,
  formationId: string,
  file: string,
): Promise<void> => {
  const lines = async function* () {
    yield `${JSON.stringify({ schema: migrations.length, formation_id: formationId })}\n`;
    for (const table of copiedTables) yield* rowsOf(connection, table, formationId);
  };
  await connection.query(`begin isolation level repeatable read, read only; ${unlimited}`);
  await pipeline(Readable.from(lines()), createWriteStream(file, { mode: 0o600, flush: true }));
  await connection.query("commit");
};

/** Fills the tables of the workshop. Numbers stay as their text: JavaScript would round large ones. */
const fill = async (connection: RowsConnection, lines: AsyncIterator<string>): Promise<void> => {
  let held: string[] = [];
  let table = "";
  const flush = async () => {
    if (held.length === 0) return;
    const text = `insert into ${table} select * from json_populate_recordset(null::${table}, $1::json)`;
    await connection.query({ text, values: [`[${held.join(",")}]`] });
    held = [];
  };
  for (let next = await lines.next(); !next.done; next = await lines.next()) {
    const tab = next.value.indexOf("\t");
    const name = next.value.slice(0, tab);
    if (!copiedTables.some((table) => table.name === name))
      throw new Error(`there is no table '${name}' to restore`);
    if (name !== table || held.length === atOnce) await flush();
    table = name;
    held.push(next.value.slice(tab + 1));
  }
  await flush();
};

interface Column {
  table: string;
  column: string;
}

/** Takes the rows from the workshop, under numbers that no other formation has. */
const moveIn = async (connection: RowsConnection, place: string, formationId: string): Promise<void> => {
  const { rows: columns } = await connection.query<Column>(
    `select table_name as "table", column_name as "column" from information_schema.columns
      where table_schema = '${workshop}'`,
  );
  const numbered = copiedTables.filter(({ name }) =>
    columns.some(({ table, column }) => table === name && column === "seq"),
  );
  // Who wants to add rows waits, and so takes no number meanwhile.
  const locked = numbered.map(({ name }) => `${place}.${name}`).join(", ");
  await connection.query(`lock table ${locked} in share row exclusive mode`);
  const firsts = new Map<string, number>();
  for (const { name } of numbered) {
    const { rows } = await connection.query<{ last: number }>(
      `select greatest(coalesce(max(seq), 0),
          coalesce(pg_sequence_last_value(pg_get_serial_sequence('${place}.${name}', 'seq')::regclass), 0)) as last
        from ${place}.${name}`,
    );
    firsts.set(name, rows[0]?.last ?? 0);
  }
  await connection.query(`set local search_path = ${place}`);
  for (const { name, mine } of copiedTables.toReversed()) {
    await connection.query({ text: `delete from ${name} where ${mine}`, values: [formationId] });
  }
  for (const { name } of copiedTables) {
    const names = columns.filter(({ table }) => table === name).map(({ column }) => column);
    const values = names.map((column) => {
      const parent = column === "seq" ? name : column.replace(/_seq$/, "");
      return parent === column ? column : `${column} + ${firsts.get(parent) ?? 0}`;
    });
    await connection.query(
      `insert into ${name} (${names.join(", ")}) select ${values.join(", ")} from ${workshop}.${name}`,
    );
  }
  for (const { name } of numbered) {
    await connection.query(
      `select setval(pg_get_serial_sequence('${name}', 'seq'), max(seq)) from ${name} having max(seq) > 0`,
    );
  }
};

/**
 * Makes the rows of a file those of the formation, in one transaction: whoever fails or is killed leaves those that were
 * there. Rows of an earlier schema are brought to today's. Other formations in the database keep theirs.
 *
 * @param options.replaces Whether rows that are there give way.
 * @throws Error when there are rows and they are not to be replaced, or the file is of a newer schema or of another formation.
 */
export const loadRows = async (
  connection: RowsConnection,
  formationId: string,
  file: string,
  { replaces }: { replaces: boolean },
): Promise<void> => {
  const lines = createInterface({ input: createReadStream(file), crlfDelay: 0 })[Symbol.asyncIterator]();
  const header = headerSchema.parse(JSON.parse((await lines.next()).value ?? ""));
  if (header.formation_id !== formationId) {
    throw new Error(`the rows are those of the formation '${header.formation_id}'`);
  }
  if (header.schema > migrations.length) {
    throw new Error(
      `the rows are of schema ${header.schema}, this version knows ${migrations.length}: update muxi`,
    );
  }
  await connection.query(`begin; ${unlimited}; select pg_advisory_xact_lock(${migrationLock})`);
  try {
    const there = copiedTables
      .map(({ name, mine }) => `exists (select 1 from ${name} where ${mine})`)
      .join(" or ");
    const { rows } = await connection.query<{ there: boolean; place: string }>({
      text: `select ${there} as there, quote_ident(current_schema()) as place`,
      values: [formationId],
    });
    const [{ place, there: isThere } = { place: "public", there: false }] = rows;
    if (isThere && !replaces) {
      throw new Error(`the database holds data of '${formationId}' already: replace it with --force`);
    }
    await connection.query(`create schema ${workshop}; set local search_path = ${workshop}`);
    while (await applyNext(connection, workshop, migrations.slice(0, header.schema)));
    await fill(connection, lines);
    while (await applyNext(connection, workshop, migrations));
    await moveIn(connection, place, formationId);
    await connection.query(`drop schema ${workshop} cascade`);
    await connection.query("commit");
  } catch (error) {
    // When the connection is lost, the server rolls back.
    await connection.query("rollback").catch(() => undefined);
    throw error;
  }
};
