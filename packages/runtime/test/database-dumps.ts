import { execFileSync } from "node:child_process";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import pg from "pg";

/** Databases as SQL that makes them again, with all that they hold: text, so that a review sees what changed. */

type Value = string | number | null | Uint8Array;

const literal = (value: Value): string => {
  if (value === null) return "null";
  if (typeof value === "number") return String(value);
  if (typeof value === "string") return `'${value.replaceAll("'", "''")}'`;
  return `x'${Buffer.from(value).toString("hex")}'`;
};

const insertsOf = (db: DatabaseSync, table: string): string[] => {
  const statement = db.prepare(`select * from ${table}`);
  const columns = statement.columns().map(({ name }) => name);
  return statement
    .all()
    .map(
      (row) =>
        `insert into ${table} (${columns.join(", ")}) values (${columns.map((column) => literal(row[column] as Value)).join(", ")});`,
    );
};

export const dumpSqlite = (file: string): string => {
  using db = new DatabaseSync(file);
  const parts = db
    .prepare("select type, name, sql from sqlite_schema where sql is not null order by rowid")
    .all()
    .filter(({ name }) => !String(name).startsWith("sqlite_"));
  const tables = parts.filter(({ type }) => type === "table").map(({ name }) => String(name));
  const counts = parts.some(({ sql }) => /autoincrement/.test(String(sql))) ? ["sqlite_sequence"] : [];
  const version = db.prepare("pragma user_version").get()?.user_version;
  return [
    ...(version === 0 ? [] : [`pragma user_version = ${version};`]),
    ...parts.map(({ sql }) => `${sql};`),
    ...[...tables, ...counts].flatMap((table) => insertsOf(db, table)),
    "",
  ].join("\n");
};

/** Makes a file of a dump. */
export const loadSqlite = (dump: string, file: string): void => {
  using db = new DatabaseSync(file);
  db.exec(`pragma foreign_keys = off; begin; ${dump} commit;`);
};

/**
 * What is in the schema `public`, without its name, so that the dump can be loaded into any other.
 *
 * @param programs The folder of `pg_dump`.
 */
export const dumpPostgres = (programs: string, url: string): string => {
  const options = ["--schema=public", "--no-owner", "--no-privileges", "--column-inserts"];
  const text = execFileSync(path.join(programs, "pg_dump"), [...options, url], { encoding: "utf8" });
  return text
    .replaceAll("public.", "")
    .split("\n")
    .filter(
      (line) => !/^(--|SET |SELECT pg_catalog.set_config|CREATE SCHEMA|COMMENT ON SCHEMA|\\)/.test(line),
    )
    .join("\n")
    .replace(/\n{2,}/g, "\n")
    .trimStart();
};

/** Fills the empty schema that a connection string leads to. */
export const loadPostgres = async (dump: string, url: string): Promise<void> => {
  const client = new pg.Client(url);
  await client.connect();
  try {
    await client.query(dump);
  } finally {
    await client.end();
  }
};
