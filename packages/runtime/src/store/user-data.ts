import type { Database } from "./database/index.ts";
import { joined, type SqlValue, type Statement, sql, textRows } from "./database/index.ts";
import type { Owner } from "./sessions.ts";
import {
  actsTable,
  type ColumnKind,
  type DependentTable,
  type UserLine,
  type UserTable,
  userTables,
} from "./user-tables.ts";

/** A row as a line of an export: its `type`, and what the row says. */
export type UserDataLine = { type: string } & Record<string, unknown>;

/** Numbers of rows, by their table. */
export type DeletedRows = Record<string, number>;

/** All that the tables hold of a user (docs/spec/formation-api.md "A user's whole data"). */
export interface UserDataRepository {
  /** Whether there is anything of the user. */
  isAny(owner: Owner): Promise<boolean>;
  /** Ids of requests that have not ended, at most 1,000. */
  open(owner: Owner): Promise<string[]>;
  /** All rows, some at a time. */
  lines(owner: Owner): AsyncIterable<UserDataLine[]>;
  /**
   * Deletes some rows of a table of `deletable`, with what hangs on them.
   *
   * @returns How many of which table; nothing when there are none left.
   */
  deleteSome(owner: Owner, table: string): Promise<DeletedRows>;
  /** What was done with the admin key, and what was decided on calls, stays without what was said. */
  blankActs(owner: Owner): Promise<void>;
}

/** The tables that `deleteSome` knows, in the order in which they are to be emptied. */
export const deletable: readonly string[] = userTables.map(({ name }) => name);

/** Rows that are read, and deleted in one transaction. */
const atOnce = 200;
/** Rows on which others hang that are deleted at once. */
const parentsAtOnce = 20;
const mostOpen = 1_000;

type Row = Record<string, SqlValue>;

interface Parent {
  seq: number;
  id: string;
}

const literal = (text: string): Statement => ({ text, values: [] });
const names = (columns: readonly string[]): Statement => literal(columns.join(", "));

const shown = (kind: ColumnKind, value: SqlValue | undefined): unknown => {
  if (value === null || value === undefined) return null;
  switch (kind) {
    case "text":
      return value;
    case "number":
      return Number(value);
    case "flag":
      return Number(value) === 1;
    case "time":
      return new Date(Number(value)).toISOString();
    case "json":
      return JSON.parse(String(value));
  }
};

const lineOf = ({ type, columns }: UserLine, row: Row): UserDataLine => {
  const line: UserDataLine = { type };
  for (const [column, kind] of Object.entries(columns))
    line[column === "type" ? "kind" : column] = shown(kind, row[column]);
  return line;
};

/** @param onDeleted Called when rows of a user were deleted, by databases that tell. */
export const createUserDataRepository = (
  db: Database,
  onDeleted: (owner: Owner) => void,
): UserDataRepository => {
  const { dialect } = db;

  const dependents = ({ name, key, of }: DependentTable, parents: readonly Parent[], formationId: string) => {
    const theirs =
      of.parent === "seq"
        ? sql`${literal(of.column)} ${dialect.isOneOf(parents.map(({ seq }) => seq))}`
        : sql`formation_id = ${formationId} and ${literal(of.column)} in ${textRows(
            dialect,
            parents.map(({ id }) => id),
          )}`;
    return { name, key: of.parent === "id" ? [of.column, ...key] : key, theirs };
  };

  /** Rows in the order of their key, some at a time. */
  const pages = async function* (
    table: { name: string; key: readonly string[]; line: UserLine },
    rows: Statement,
    more: readonly string[] = [],
  ): AsyncGenerator<Row[]> {
    const columns = [...new Set([...table.key, ...more, ...Object.keys(table.line.columns)])];
    const key = names(table.key);
    let last: Row | undefined;
    for (;;) {
      const place = last && table.key.map((column) => sql`${last?.[column] ?? null}`);
      const after = place ? sql`and (${key}) > (${joined(place, ", ")})` : sql``;
      const page: Row[] = await db.readLong<Row>(
        sql`select ${names(columns)} from ${literal(table.name)} where ${rows} ${after}
          order by ${key} limit ${atOnce}`,
      );
      if (page.length > 0) yield page;
      last = page.at(-1);
      if (page.length < atOnce) return;
    }
  };

  const parentOf = (row: Row): Parent => ({ seq: Number(row.seq), id: String(row.id) });

  const linesOf = async function* (table: UserTable, owner: Owner): AsyncGenerator<UserDataLine[]> {
    const { name, line, rows, dependents: inner = [] } = table;
    for await (const page of pages(table, rows(owner), inner.length > 0 ? ["seq", "id"] : [])) {
      if (inner.length === 0) yield page.map((row) => lineOf(line, row));
      else {
        for (const row of page) {
          const parent = parentOf(row);
          yield [lineOf(line, row)];
          for (const each of inner) {
            if (!each.line) continue;
            const { theirs, key } = dependents(each, [parent], owner.formationId);
            const told = { name: each.name, key, line: each.line };
            for await (const some of pages(told, theirs))
              yield some.map((one) => ({ ...lineOf(told.line, one), [`${name}_id`]: parent.id }));
          }
        }
      }
    }
  };

  const deleting = (name: string, key: readonly string[], rows: Statement): Statement =>
    sql`delete from ${literal(name)} where ${rows} and (${names(key)}) in (
      select ${names(key)} from ${literal(name)} where ${rows} limit ${atOnce})`;

  const deleteParents = async (
    { name, rows, dependents: inner = [] }: UserTable,
    owner: Owner,
    told: (statement: Statement) => Statement,
  ): Promise<DeletedRows> => {
    const found = await db.read<Parent>(
      sql`select seq, id from ${literal(name)} where ${rows(owner)} limit ${parentsAtOnce}`,
    );
    if (found.length === 0) return {};
    const parents = found.map(({ seq, id }) => ({ seq: Number(seq), id }));
    const theirs = inner
      .filter(({ isCascaded }) => !isCascaded)
      .map((each) => dependents(each, parents, owner.formationId));
    const few: DeletedRows = {};
    for (const { name: table, key, theirs: which } of theirs) {
      const [result] = await db.write([told(deleting(table, key, which))]);
      if (result && result.changes === atOnce) return { [table]: result.changes };
      few[table] = result?.changes ?? 0;
    }
    const these = sql`${rows(owner)} and seq ${dialect.isOneOf(parents.map(({ seq }) => seq))}`;
    const [, ...results] = await db.write([
      // Waits for transactions that are adding to these rows, and keeps new ones from doing so.
      sql`select count(*) from (select seq from ${literal(name)} where ${these} order by seq
        ${literal(dialect.lockRows)}) as locked`,
      ...theirs.map(({ name: table, theirs: which }) =>
        told(sql`delete from ${literal(table)} where ${which}`),
      ),
      told(sql`delete from ${literal(name)} where ${these}`),
    ]);
    const tables = [...theirs.map((each) => each.name), name];
    return Object.fromEntries(
      tables.map((table, index) => [table, (few[table] ?? 0) + (results[index]?.changes ?? 0)]),
    );
  };

  return {
    async isAny(owner) {
      const any = userTables.map(
        ({ name, rows }) =>
          sql`select * from (select 1 as found from ${literal(name)} where ${rows(owner)} limit 1) as one`,
      );
      return (await db.read(joined(any, " union all "))).length > 0;
    },

    async open({ formationId, userId }) {
      const rows = await db.read<{ id: string }>(
        sql`select id from request where formation_id = ${formationId} and user_id = ${userId}
          and completed_at is null limit ${mostOpen}`,
      );
      return rows.map(({ id }) => id);
    },

    async *lines(owner) {
      for (const table of [...userTables, actsTable]) yield* linesOf(table, owner);
    },

    async deleteSome(owner, name) {
      const table = userTables.find((each) => each.name === name);
      if (!table) return {};
      const told = (statement: Statement): Statement => ({
        ...statement,
        onCommit: () => onDeleted(owner),
      });
      if (table.dependents) return deleteParents(table, owner, told);
      const [result] = await db.write([told(deleting(name, table.key, table.rows(owner)))]);
      return result && result.changes > 0 ? { [name]: result.changes } : {};
    },

    async blankActs(owner) {
      await db.write([
        sql`update audit set details = null, ip = '' where ${actsTable.rows(owner)} and details is not null`,
      ]);
    },
  };
};
