import Papa from "papaparse";
import type { Output } from "../base/output.ts";
import type { Reader } from "../base/reader.ts";
import { createTableWriter } from "../base/table-writer.ts";
import { textOf } from "./encoding.ts";

/** Enough to know a delimiter by. The library would look through all of a text. */
const looksAt = 64 * 1024;

const delimiterOf = (text: string): string =>
  Papa.parse(text.slice(0, looksAt), { preview: 20, skipEmptyLines: "greedy" }).meta.delimiter;

const readValues = (text: string, delimiter: string, output: Output): void => {
  const table = createTableWriter(output);
  let line = 1;
  let position = 0;
  Papa.parse<string[]>(text, {
    delimiter,
    newline: "\n",
    // Else all lines are taken apart before the first one is read.
    fastMode: false,
    skipEmptyLines: "greedy",
    step({ data, meta: { cursor } }) {
      table.row(
        data.map((value) => value.trim()),
        line,
      );
      for (; position < cursor; line += 1) {
        const end = text.indexOf("\n", position);
        if (end === -1 || end >= cursor) break;
        position = end + 1;
      }
    },
  });
  table.end();
};

/** Reads values between commas, or between what else divides the columns. */
export const readCsv: Reader = ({ bytes }, output) => {
  const text = textOf(bytes);
  readValues(text, delimiterOf(text), output);
};

/** Reads values between tabs. */
export const readTsv: Reader = ({ bytes }, output) => readValues(textOf(bytes), "\t", output);
