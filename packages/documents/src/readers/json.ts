import type { Output } from "../base/output.ts";
import type { Reader } from "../base/reader.ts";
import { createTableWriter } from "../base/table-writer.ts";
import { readCode } from "./code.ts";
import { textOf } from "./encoding.ts";

type FlatRecord = Readonly<Record<string, string | number | boolean | null>>;

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Whether a value is a row of a table: it has fields, and each is one value. */
const isRecord = (value: unknown): value is FlatRecord =>
  isObject(value) &&
  Object.keys(value).length > 0 &&
  Object.values(value).every((field) => field === null || typeof field !== "object");

interface Row {
  record: FlatRecord;
  line?: number;
}

const addRecords = (rows: readonly Row[], output: Output): void => {
  const fields = [...new Set(rows.flatMap(({ record }) => Object.keys(record)))];
  const table = createTableWriter(output);
  table.row(fields, rows[0]?.line);
  for (const { record, line } of rows) {
    table.row(
      fields.map((field) => String(record[field] ?? "")),
      line,
    );
  }
  table.end();
};

const asCode = (value: unknown, output: Output, lines?: readonly [number, number]): void =>
  output.add({
    kind: "code",
    text: JSON.stringify(value, null, 2) ?? "",
    language: "json",
    ...(lines === undefined ? {} : { lines }),
  });

/** Reads JSON: a list of records as a table, anything else entry by entry. What does not parse is read as it stands. */
export const readJson: Reader = (source, output, readPart, perceive) => {
  let value: unknown;
  try {
    value = JSON.parse(textOf(source.bytes));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return readCode(source, output, readPart, perceive);
  }
  if (Array.isArray(value) && value.length > 0 && value.every(isRecord)) {
    addRecords(
      value.map((record) => ({ record })),
      output,
    );
  } else if (Array.isArray(value)) for (const entry of value) asCode(entry, output);
  else if (isObject(value))
    for (const [key, entry] of Object.entries(value)) asCode({ [key]: entry }, output);
  else asCode(value, output);
};

/** Reads lines that are each of JSON: records as a table, others one by one. */
export const readJsonLines: Reader = ({ bytes }, output) => {
  let records: Row[] = [];
  const flush = () => {
    if (records.length > 0) addRecords(records, output);
    records = [];
  };
  for (const [index, text] of textOf(bytes).split("\n").entries()) {
    if (text.trim() === "") continue;
    const line = index + 1;
    const value: unknown = JSON.parse(text);
    if (isRecord(value)) records.push({ record: value, line });
    else {
      flush();
      asCode(value, output, [line, line]);
    }
  }
  flush();
};
