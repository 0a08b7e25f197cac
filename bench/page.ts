import { readFileSync, writeFileSync } from "node:fs";

export const formatNumber = (value: number): string =>
  Math.abs(value) >= 100 ? Math.round(value).toLocaleString("en") : String(Number(value.toFixed(2)));

export const tableRow = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

const end = "<!-- end of figures -->";

/** Puts figures between the markers that a page has for the command that writes them. */
export const writeFigures = (page: string, command: string, text: string): void => {
  const begin = `<!-- figures: ${command} -->`;
  const before = readFileSync(page, "utf8");
  const from = before.indexOf(begin);
  const to = before.indexOf(end, from);
  if (from < 0 || to < from) throw new Error(`${page} has no '${begin}' followed by '${end}'`);
  writeFileSync(page, `${before.slice(0, from + begin.length)}\n${text}\n${before.slice(to)}`);
};
