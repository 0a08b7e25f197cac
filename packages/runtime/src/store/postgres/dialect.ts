import { type Dialect, sql } from "../database/index.ts";
import { codeOf } from "./errors.ts";

export const dialect: Dialect = {
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
  lockRows: "for update",
  keepRows: "for key share",
  isTaken: (error) => codeOf(error) === "23505",
};
