import { type CellObject, read, type WorkSheet } from "@e965/xlsx";
import type { Output } from "../base/output.ts";
import type { Reader } from "../base/reader.ts";
import { createTableWriter } from "../base/table-writer.ts";
import { passwordProtected } from "../base/unreadable.ts";
import { checkZip } from "../base/zip.ts";

/** Rows of a sheet, and columns of a row, that are read. */
const mostRows = 200_000;
const mostColumns = 500;

const shown = (cell: CellObject | undefined): string => {
  if (cell === undefined || cell.v === undefined || cell.t === "z") return "";
  return (cell.w ?? String(cell.v)).replace(/\s+/g, " ").trim();
};

const readSheet = (sheet: WorkSheet, output: Output): void => {
  const table = createTableWriter(output);
  const rows: readonly (readonly (CellObject | undefined)[] | undefined)[] = sheet["!data"] ?? [];
  // Sparse rows: those that nothing was written to are holes.
  rows.forEach((row, index) => {
    table.row(Array.from((row ?? []).slice(0, mostColumns), shown), index + 1);
  });
  table.end();
};

/** Reads workbooks of Excel, sheet by sheet, with values as Excel shows them. Hidden sheets are left out. */
export const readWorkbook: Reader = async ({ bytes }, output) => {
  if (bytes.toString("latin1", 0, 2) === "PK") await checkZip(bytes, output.limits.unpacked);
  const options = {
    dense: true,
    sheetRows: mostRows,
    dateNF: "yyyy-mm-dd",
    cellHTML: false,
    cellFormula: false,
  };
  let book: ReturnType<typeof read>;
  try {
    book = read(bytes, options);
  } catch (error) {
    const isProtected = error instanceof Error && /password|encrypt/i.test(error.message);
    throw isProtected ? passwordProtected() : error;
  }
  output.title(book.Props?.Title);
  for (const [index, name] of book.SheetNames.entries()) {
    const sheet = book.Sheets[name];
    if (!sheet || book.Workbook?.Sheets?.[index]?.Hidden) continue;
    output.page();
    readSheet(sheet, output.at({ sheet: name }));
  }
};
