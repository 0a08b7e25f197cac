import { type Dialect, sql } from "../database/index.ts";

export const dialect: Dialect = {
  engine: "sqlite",
  serial: "integer primary key",
  counter: "integer primary key autoincrement",
  isOneOf: (numbers) => sql`in (select value from json_each(${JSON.stringify(numbers)}))`,
  bytes: "blob",
  inKeyOrder: " without rowid",
  inOnePiece: "",
  textsOf: (json) => sql`json_each(${json})`,
  // There is only one writer at a time.
  skipClaimed: "",
  lockRows: "",
  keepRows: "",
  isUniqueViolation: (error) =>
    error instanceof Error && error.message.startsWith("UNIQUE constraint failed"),
};
