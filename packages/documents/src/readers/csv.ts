import Papa from "papaparse";
import type { Output } from "../base/output.ts";
import type { Reader } from "../base/reader.ts";
import { createTableWriter } from "../base/table-writer.ts";
import { textOf } from "./encoding.ts";

/** @param delimiter Empty to find it out. */
const readValues = (text: string, delimiter: string, output: Output): void => {
  const table = createTableWriter(output);
  let line = 1;
  let position = 0;
  Papa.parse<string[]>(text, {
    delimiter,
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
export const readCsv: Reader = ({ bytes }, output) => readValues(textOf(bytes), "", output);

/** Reads values between tabs. */
export const readTsv: Reader = ({ bytes }, output) => readValues(textOf(bytes), "\t", output);
