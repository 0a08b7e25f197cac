import { type Dialect, sql } from "../database/index.ts";
import { codeOf } from "./errors.ts";

/** Unix milliseconds by the clock of the server. */
export const currentTime = sql`cast(extract(epoch from clock_timestamp()) * 1000 as bigint)`;

export const dialect: Dialect = {
  engine: "postgres",
  serial: "bigserial primary key",
  counter: "bigserial primary key",
  // It would expect so many rows from a list that it would read the whole table.
  isOneOf: (numbers) => sql`= any(cast(${`{${numbers.join(",")}}`} as bigint[]))`,
  each({ given, text, key: ofRow }) {
    const names = Object.keys(given);
    const lists = names.map((name) => `?::${given[name]}[]`).join(", ");
    const rows = text.replace(
      /(\bfrom|\busing|,) given\b(?!\.)/,
      `$1 unnest(${lists}) as given (${names.join(", ")})`,
    );
    const returning =
      ofRow === undefined ? "" : `${/\breturning\b/.test(text) ? "," : " returning"} ${ofRow} as key`;
    const keyed = `${rows}${returning}`;
    return (row, key) => ({ text: keyed, values: names.map((name) => row[name] ?? null), key });
  },
  bytes: "bytea",
  inKeyOrder: "",
  // By default it splits rows of more than 2 KB and stores the pieces in another table.
  inOnePiece: " with (toast_tuple_target = 8160)",
  // No lock of a migration holds it up.
  countTables: (names) => sql`(select cast(count(to_regclass(value)) as integer)
    from jsonb_array_elements_text(${JSON.stringify(names)}::jsonb))`,
  textsOf: (json) => sql`jsonb_array_elements_text(${json}::jsonb)`,
  skipClaimed: "for update skip locked",
  lockRows: "for update",
  keepRows: "for key share",
  isUniqueViolation: (error) => codeOf(error) === "23505",
};
