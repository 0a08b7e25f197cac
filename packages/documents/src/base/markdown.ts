import type { Block, Document } from "./document.ts";

const cell = (text: string): string => text.replace(/\s+/g, " ").replaceAll("|", "\\|").trim();

/** A row of a table in Markdown. */
export const tableRow = (row: readonly string[], width: number): string =>
  `| ${Array.from({ length: width }, (_, index) => cell(row[index] ?? "")).join(" | ")} |`;

/** The header of a table in Markdown, with the line below it. */
export const tableHead = (header: readonly string[], width: number): string =>
  `${tableRow(header, width)}\n|${" --- |".repeat(width)}`;

export const tableWidth = (rows: readonly (readonly string[])[]): number =>
  rows.reduce((width, row) => Math.max(width, row.length), 0);

const fenced = (text: string, language = ""): string => {
  const ticks = [...text.matchAll(/^`{3,}/gm)].reduce((most, [run]) => Math.max(most, run.length + 1), 3);
  return `${"`".repeat(ticks)}${language}\n${text}\n${"`".repeat(ticks)}`;
};

/** A block as Markdown. */
export const blockMarkdown = (block: Block): string => {
  switch (block.kind) {
    case "heading":
      return `${"#".repeat(Math.min(block.level, 6))} ${block.text}`;
    case "code":
      return fenced(block.text, block.language);
    case "table": {
      const width = tableWidth(block.rows);
      const [header = [], ...rows] = block.rows;
      return [tableHead(header, width), ...rows.map((row) => tableRow(row, width))].join("\n");
    }
    default:
      return block.text;
  }
};

/** What tells a reader of Markdown where the next blocks stand; empty where that has not changed. */
const placeLine = (block: Block, before: Block | undefined): string => {
  const named = [
    block.part !== before?.part && block.part !== undefined ? block.part : "",
    block.sheet !== before?.sheet && block.sheet !== undefined ? `Sheet: ${block.sheet}` : "",
    block.slide !== before?.slide && block.slide !== undefined ? `Slide ${block.slide}` : "",
    block.page !== before?.page && block.page !== undefined ? `Page ${block.page}` : "",
  ].filter((name) => name !== "");
  return named.length === 0 ? "" : `[${named.join(", ")}]\n\n`;
};

/** A document as Markdown, with the places of its pages, slides and sheets. */
export const markdownOf = ({ blocks }: Pick<Document, "blocks">): string =>
  blocks.map((block, index) => placeLine(block, blocks[index - 1]) + blockMarkdown(block)).join("\n\n");
