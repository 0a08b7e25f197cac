import type { Output } from "./output.ts";

/** Rows of one block: of a table that is too long, what comes first is read. */
const rowsOfBlock = 500;

/** Writes a table of any length, row by row, as tables that each have the header. */
export interface TableWriter {
  /**
   * Rows without text are left out.
   *
   * @param line The line or row of the file in which it begins, where the format has such.
   */
  row(cells: readonly string[], line?: number): void;
  /** Ends the table. A further row begins another one. */
  end(): void;
}

interface Row {
  cells: readonly string[];
  line: number | undefined;
}

export const createTableWriter = (output: Pick<Output, "add">): TableWriter => {
  let header: Row | undefined;
  let rows: Row[] = [];
  let isBegun = false;

  const add = (): void => {
    if (header === undefined) return;
    const all = [header, ...rows];
    const rowLines = all.flatMap(({ line }) => line ?? []);
    const first = rowLines[isBegun ? 1 : 0];
    const last = rowLines.at(-1);
    output.add({
      kind: "table",
      rows: all.map(({ cells }) => cells),
      ...(first === undefined || last === undefined ? {} : { rowLines, lines: [first, last] }),
    });
    isBegun = true;
    rows = [];
  };

  return {
    row(cells, line) {
      const last = cells.findLastIndex((cell) => cell !== "");
      if (last === -1) return;
      const row = { cells: cells.slice(0, last + 1), line };
      if (header === undefined) {
        header = row;
        return;
      }
      rows.push(row);
      if (rows.length === rowsOfBlock) add();
    },
    end() {
      if (rows.length > 0 || !isBegun) add();
      header = undefined;
      isBegun = false;
    },
  };
};
