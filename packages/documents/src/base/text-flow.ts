import type { Output } from "./output.ts";

interface OpenTable {
  rows: string[][];
  /** Columns of the cell that is open. */
  columns: number | undefined;
}

/** A cell that claims more columns has no more. */
const mostColumns = 100;

const collapsed = (text: string): string =>
  text
    .replace(/[^\S\n]+/g, " ")
    .replace(/ ?\n ?/g, "\n")
    .trim();

/**
 * Makes blocks of text that comes in pieces, with the beginnings and ends of what it stands in: formats that are told
 * as marked-up text share it. Lists keep their nesting; what stands in a cell of a table becomes its text.
 */
export interface TextFlow {
  /** Text as it is written; white space is collapsed unless it stands in code. */
  text(text: string): void;
  lineBreak(): void;
  /** Ends a paragraph. */
  endBlock(): void;
  heading(level: number): void;
  endHeading(): void;
  code(language?: string): void;
  endCode(): void;
  list(isNumbered: boolean, start?: number): void;
  item(): void;
  endList(): void;
  table(): void;
  row(): void;
  cell(columns?: number): void;
  endTable(): void;
  /** Ends everything that is open. */
  end(): void;
}

export const createTextFlow = (output: Pick<Output, "add" | "limits">): TextFlow => {
  let pieces: string[] = [];
  /** Characters of the pieces. */
  let pending = 0;
  let heading: number | undefined;
  let language: string | undefined;
  let isCode = false;
  const lists: { isNumbered: boolean; next: number }[] = [];
  let items: string[] = [];
  /** Whether the next text is the first of its item. */
  let isItemStart = false;
  const tables: OpenTable[] = [];

  const taken = (): string => {
    const text = pieces.join("");
    pieces = [];
    pending = 0;
    return text;
  };

  const addToList = (text: string): void => {
    const depth = lists.length - 1;
    const list = lists[depth];
    const indent = "  ".repeat(depth);
    const isFirst = isItemStart && list !== undefined;
    const mark = isFirst ? (list.isNumbered ? `${list.next}. ` : "- ") : "  ";
    if (isFirst) list.next += 1;
    isItemStart = false;
    items.push(indent + mark + text.replaceAll("\n", `\n${indent}  `));
  };

  const flushItems = (): void => {
    const text = items.join("\n");
    items = [];
    output.add({ kind: "list", text });
  };

  /** What was written so far becomes a block, or part of the cell or list that is open. */
  const endBlock = (): void => {
    if (isCode) return;
    if (tables.length > 0) {
      pieces.push("\n");
      return;
    }
    const text = collapsed(taken());
    if (text === "") return;
    if (heading !== undefined)
      output.add({ kind: "heading", text: text.replaceAll("\n", " "), level: heading });
    else if (lists.length > 0) addToList(text);
    else output.add({ kind: "paragraph", text });
  };

  const endCell = (): void => {
    const table = tables.at(-1);
    if (table?.columns === undefined) return;
    const empty = Array.from({ length: Math.min(table.columns, mostColumns) - 1 }, () => "");
    table.columns = undefined;
    table.rows.at(-1)?.push(collapsed(taken()), ...empty);
  };

  const endTable = (): void => {
    if (tables.length > 1) {
      // A table in a cell is text of that cell.
      tables.pop();
      return;
    }
    endCell();
    const rows = tables.pop()?.rows.filter((row) => row.some((cell) => cell !== "")) ?? [];
    if (rows.length > 0) output.add({ kind: "table", rows });
  };

  const flow: TextFlow = {
    text(text) {
      pieces.push(isCode ? text : text.replace(/\s+/g, " "));
      pending += text.length;
      // More than is read: one paragraph, or one cell, that does not end.
      if (pending > output.limits.characters) flow.end();
    },
    lineBreak() {
      pieces.push("\n");
    },
    endBlock,
    heading(level) {
      endBlock();
      if (tables.length === 0 && lists.length === 0) heading = level;
    },
    endHeading() {
      endBlock();
      heading = undefined;
    },
    code(written) {
      endBlock();
      isCode = true;
      language = written;
    },
    endCode() {
      if (!isCode) return;
      isCode = false;
      if (tables.length > 0) return;
      const text = taken().replace(/^\n/, "").trimEnd();
      if (text === "") return;
      if (lists.length > 0) addToList(text);
      else output.add({ kind: "code", text, ...(language === undefined ? {} : { language }) });
    },
    list(isNumbered, start = 1) {
      endBlock();
      lists.push({ isNumbered, next: start });
      isItemStart = false;
    },
    item() {
      endBlock();
      isItemStart = true;
    },
    endList() {
      endBlock();
      lists.pop();
      isItemStart = false;
      if (lists.length === 0) flushItems();
    },
    table() {
      if (tables.length === 0) {
        endBlock();
        flushItems();
      }
      tables.push({ rows: [], columns: undefined });
    },
    row() {
      if (tables.length > 1) {
        pieces.push("\n");
        return;
      }
      endCell();
      tables.at(-1)?.rows.push([]);
    },
    cell(columns = 1) {
      if (tables.length > 1) {
        pieces.push(" ");
        return;
      }
      endCell();
      const table = tables.at(-1);
      if (!table) return;
      taken();
      if (table.rows.length === 0) table.rows.push([]);
      table.columns = columns;
    },
    endTable,
    end() {
      flow.endCode();
      while (tables.length > 0) endTable();
      endBlock();
      while (lists.length > 0) flow.endList();
    },
  };
  return flow;
};
