import { readFileSync } from "node:fs";
import path from "node:path";

const folder = path.join(import.meta.dirname, "../docs/spec");

/** A section of a page: its text up to the next heading. */
export interface Section {
  heading: string;
  text: string;
}

/** A page of the specification. */
export const readPage = (page: string): string => readFileSync(path.join(folder, page), "utf8");

/** The sections of a page, in their order. What stands before the first heading has none. */
export const sectionsOf = (page: string): Section[] =>
  readPage(page)
    .split(/^#+ /m)
    .map((section) => {
      const [heading = "", ...lines] = section.split("\n");
      return { heading: heading.trim(), text: lines.join("\n") };
    });

/** @throws Error when the page has no such heading. */
export const sectionOf = (page: string, heading: string): string => {
  const section = sectionsOf(page).find((each) => each.heading === heading);
  if (!section) throw new Error(`docs/spec/${page} has no heading "${heading}"`);
  return section.text;
};

/** What stands in backticks. */
export const codeIn = (text: string): string[] =>
  [...text.matchAll(/`([^`\n]+)`/g)].map(([, code = ""]) => code);

/** The rows of a text's tables without their heads, as cells. */
export const rowsIn = (text: string): string[][] =>
  text
    .split("\n")
    .filter((line) => line.startsWith("|"))
    .filter((_, at, lines) => !lines[at]?.startsWith("| -") && !lines[at + 1]?.startsWith("| -"))
    .map((line) =>
      line
        .slice(1, -1)
        .split("|")
        .map((cell) => cell.trim()),
    );

/** What stands in backticks in the first column of a text's tables. */
export const firstColumn = (text: string): string[] => rowsIn(text).flatMap(([first = ""]) => codeIn(first));
