/** A line of a source: what it says, and how a printed page shows it. */
export interface SourceLine {
  kind: "heading" | "paragraph" | "item" | "row";
  text: string;
  /** Of headings, from 1. */
  level: number;
  /** Of rows of a table. */
  cells: readonly string[];
}

const isRule = (line: string): boolean => /^\|(?: --- \|)+$/.test(line);

const lineOf = (line: string): SourceLine => {
  const heading = /^(#+) (.*)$/.exec(line);
  if (heading) {
    return { kind: "heading", text: heading[2] ?? "", level: heading[1]?.length ?? 1, cells: [] };
  }
  if (line.startsWith("| ")) {
    const cells = line.slice(1, -1).split("|");
    return { kind: "row", text: "", level: 0, cells: cells.map((cell) => cell.trim()) };
  }
  const item = /^(?:- |\d+\. )(.*)$/.exec(line);
  if (item) return { kind: "item", text: item[1] ?? "", level: 0, cells: [] };
  return { kind: "paragraph", text: line, level: 0, cells: [] };
};

/** The lines of a source in Markdown, which has headings, paragraphs of one line, lists and tables. */
export const linesOf = (markdown: string): SourceLine[] =>
  markdown
    .split("\n")
    .filter((line) => line !== "" && !isRule(line))
    .map(lineOf);
