import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { Kysely, SqliteDialect } from "kysely";
import { sql } from "../../packages/runtime/src/store/database/index.ts";
import { openSqlite } from "../../packages/runtime/src/store/index.ts";
import { cpuOf, type Part } from "./part.ts";

interface Tables {
  thing: { id: number; owner: string; session: string; content: string };
}

const rows = 10_000;
const times = 2_000;

/** What Kysely asks of a SQLite library, over Node's, with its statements prepared once. */
const kyselyOver = (file: string): Kysely<Tables> => {
  const database = new DatabaseSync(file);
  const prepared = new Map<string, StatementSync>();
  return new Kysely<Tables>({
    dialect: new SqliteDialect({
      database: {
        close: () => database.close(),
        prepare(text) {
          let statement = prepared.get(text);
          if (!statement) {
            statement = database.prepare(text);
            prepared.set(text, statement);
          }
          const kept = statement;
          const bound = (parameters: readonly unknown[]) => parameters as SQLInputValue[];
          return {
            reader: kept.columns().length > 0,
            all: (parameters) => kept.all(...bound(parameters)),
            run: (parameters) => {
              const { changes, lastInsertRowid } = kept.run(...bound(parameters));
              return { changes: Number(changes), lastInsertRowid: BigInt(lastInsertRowid) };
            },
            iterate: (parameters) => kept.iterate(...bound(parameters)),
          };
        },
      },
    }),
  });
};

export const sqlTag: Part = {
  name: "sql-tag",
  page: "sql-tag.md",
  async open() {
    const folder = mkdtempSync(join(tmpdir(), "muxi-bench-"));
    const file = join(folder, "bench.db");
    const ours = openSqlite(file);
    await ours.write([
      sql`create table thing (id integer primary key, owner text not null, session text not null, content text not null)`,
      sql`create index thing_by_session on thing (owner, session, id)`,
      ...Array.from(
        { length: rows },
        (_, index) =>
          sql`insert into thing (owner, session, content) values ('ann', ${`s${index % 200}`}, ${"word ".repeat(50)})`,
      ),
    ]);
    const kysely = kyselyOver(file);

    const key = (id: number) =>
      sql`select id, owner, session, content from thing where id = ${id} and owner = ${"ann"}`;
    const keyBuilt = (id: number) =>
      kysely
        .selectFrom("thing")
        .select(["id", "owner", "session", "content"])
        .where("id", "=", id)
        .where("owner", "=", "ann");
    const last = (session: string) =>
      sql`select id, content from thing where owner = ${"ann"} and session = ${session} order by id desc limit ${50}`;
    const lastBuilt = (session: string) =>
      kysely
        .selectFrom("thing")
        .select(["id", "content"])
        .where("owner", "=", "ann")
        .where("session", "=", session)
        .orderBy("id", "desc")
        .limit(50);

    /** Reads one after the other, as a request does. */
    const reads = (read: (index: number) => Promise<readonly unknown[]>) =>
      cpuOf(async () => {
        for (let index = 0; index < times; index++) {
          if ((await read(index)).length === 0) throw new Error("nothing was read");
        }
        return times;
      });
    const writes = (write: (index: number) => unknown) =>
      cpuOf(() => {
        for (let index = 0; index < times; index++) write(index);
        return times;
      });

    return {
      comparisons: [
        {
          label: "writing a statement",
          unit: "µs",
          contenders: [
            { name: "ours", sample: writes((index) => key(index)) },
            { name: "kysely", sample: writes((index) => keyBuilt(index).compile()) },
          ],
        },
        {
          label: "a row by its key",
          unit: "µs",
          contenders: [
            { name: "ours", sample: reads((index) => ours.read(key(1 + (index % rows)))) },
            { name: "kysely", sample: reads((index) => keyBuilt(1 + (index % rows)).execute()) },
          ],
        },
        {
          label: "the last 50 of a session",
          unit: "µs",
          contenders: [
            { name: "ours", sample: reads((index) => ours.read(last(`s${index % 200}`))) },
            { name: "kysely", sample: reads((index) => lastBuilt(`s${index % 200}`).execute()) },
          ],
        },
      ],
      async close() {
        await kysely.destroy();
        await ours.close();
        rmSync(folder, { recursive: true });
      },
    };
  },
};
