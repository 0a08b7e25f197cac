import { type Dialect, sql } from "../database/index.ts";

export const dialect: Dialect = {
  engine: "sqlite",
  serial: "integer primary key",
  counter: "integer primary key autoincrement",
  isOneOf: (numbers) => sql`in (select value from json_each(${JSON.stringify(numbers)}))`,
  each({ given, text }) {
    const names = Object.keys(given);
    const numbered = text
      .replace(/(\bfrom|,) given\b(?!\.)/, "")
      .replace(/\bgiven\.(\w+)/g, (_, name) => `?${names.indexOf(name) + 1}`);
    return (row, key) => ({ text: numbered, values: names.map((name) => row[name] ?? null), key });
  },
  bytes: "blob",
  inKeyOrder: " without rowid",
  inOnePiece: "",
  countTables: (names) => sql`(select count(*) from sqlite_schema
    where type = 'table' and name in (select value from json_each(${JSON.stringify(names)})))`,
  textsOf: (json) => sql`json_each(${json})`,
  // There is only one writer at a time.
  skipClaimed: "",
  lockRows: "",
  keepRows: "",
  isUniqueViolation: (error) =>
    error instanceof Error && error.message.startsWith("UNIQUE constraint failed"),
};
