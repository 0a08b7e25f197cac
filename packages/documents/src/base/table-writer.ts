import type { Output } from "./output.ts";

/** Rows of one block: of a table that is too long, what comes first is read. */
const rowsOfBlock = 500;

/** Writes a table of any length, row by row, as tables that each have the header. */
export interface TableWriter {
  /** @param line The line or row of the file in which it begins. */
  row(cells: readonly string[], line: number): void;
  end(): void;
}

export const createTableWriter = (output: Pick<Output, "add">): TableWriter => {
  let header: { cells: readonly string[]; line: number } | undefined;
  let rows: (readonly string[])[] = [];
  let rowLines: number[] = [];
  let isBegun = false;

  const add = (): void => {
    if (header === undefined) return;
    const [first = header.line] = rowLines;
    output.add({
      kind: "table",
      rows: [header.cells, ...rows],
      rowLines: [header.line, ...rowLines],
      lines: [isBegun ? first : header.line, rowLines.at(-1) ?? header.line],
    });
    isBegun = true;
    rows = [];
    rowLines = [];
  };

  return {
    row(cells, line) {
      const last = cells.findLastIndex((cell) => cell !== "");
      if (last === -1) return;
      const filled = cells.slice(0, last + 1);
      if (header === undefined) {
        header = { cells: filled, line };
        return;
      }
      rows.push(filled);
      rowLines.push(line);
      if (rows.length === rowsOfBlock) add();
    },
    end() {
      if (rows.length > 0 || !isBegun) add();
      header = undefined;
      isBegun = false;
    },
  };
};
