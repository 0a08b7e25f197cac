import type { Output } from "../base/output.ts";
import type { Reader } from "../base/reader.ts";
import { textOf } from "./encoding.ts";

/** A line of one mark, as stands below a heading and above it. */
const adornment = /^([!-/:-@[-`{-~])\1{2,}\s*$/;
const item = /^\s*(?:[-*+•]|\d+[.)]|#\.)\s/;
/** Directives that say something to programs, with what is indented below them. */
const unread = /^\.\. (?:toctree|contents|image|figure|raw|include|index|meta|highlight|role|_)/;

const indentOf = (line: string): number => line.length - line.trimStart().length;

interface Heading {
  text: string;
  /** The marks around it, by which its level is known. */
  style: string;
  length: number;
}

const headingAt = (lines: readonly string[], at: number): Heading | undefined => {
  const [first = "", second = "", third = ""] = lines.slice(at, at + 3);
  const above = adornment.exec(first)?.[1];
  if (above !== undefined && second.trim() !== "" && adornment.exec(third)?.[1] === above) {
    return { text: second.trim(), style: above + above, length: 3 };
  }
  const below = adornment.exec(second)?.[1];
  const isHeading =
    below !== undefined && above === undefined && first.trim() !== "" && indentOf(first) === 0;
  return isHeading ? { text: first.trim(), style: below, length: 2 } : undefined;
};

/** The end of what is indented deeper than a line, blank lines included. */
const endOfIndented = (lines: readonly string[], at: number): number => {
  const indent = indentOf(lines[at] ?? "");
  const end = lines.findIndex((line, index) => index > at && line.trim() !== "" && indentOf(line) <= indent);
  return end === -1 ? lines.length : end;
};

const withoutIndent = (lines: readonly string[]): string => {
  const indent = Math.min(...lines.filter((line) => line.trim() !== "").map(indentOf));
  return lines
    .map((line) => line.slice(indent))
    .join("\n")

    .replace(/^\n+/, "")
    .trimEnd();
};

/** Reads reStructuredText: headings, paragraphs, lists and code. */
export const readRst: Reader = ({ bytes }, output: Output) => {
  const lines = textOf(bytes).split("\n");
  const styles: string[] = [];
  let at = 0;

  const addCode = (start: number, end: number, language?: string) => {
    const body = lines.slice(start, end);
    if (body.every((line) => line.trim() === "")) return;
    const text = withoutIndent(body.filter((line) => !/^\s+:[\w-]+:/.test(line)));
    output.add({ kind: "code", text, lines: [start + 1, end], ...(language ? { language } : {}) });
  };

  const addParagraph = (): void => {
    const start = at;
    while (at < lines.length && lines[at]?.trim() !== "" && !(at > start && headingAt(lines, at))) at += 1;
    const text = lines.slice(start, at).join("\n");
    const place = { lines: [start + 1, at] as const };
    if (item.test(text)) output.add({ kind: "list", text, ...place });
    else output.add({ kind: "paragraph", text: text.replace(/::$/, ":"), ...place });
    if (!text.endsWith("::")) return;
    const end = endOfIndented(lines, start);
    addCode(at, end);
    at = Math.max(at, end);
  };

  while (at < lines.length) {
    const line = lines[at] ?? "";
    const heading = headingAt(lines, at);
    const [, language] = /^\.\. (?:code|code-block|sourcecode)::\s*(\S*)/.exec(line) ?? [];
    if (line.trim() === "") at += 1;
    else if (heading) {
      if (!styles.includes(heading.style)) styles.push(heading.style);
      const level = styles.indexOf(heading.style) + 1;
      output.add({ kind: "heading", text: heading.text, level, lines: [at + 1, at + heading.length] });
      if (level === 1) output.title(heading.text);
      at += heading.length;
    } else if (language !== undefined) {
      const end = endOfIndented(lines, at);
      addCode(at + 1, end, language);
      at = end;
    } else if (unread.test(line)) at = endOfIndented(lines, at);
    else if (adornment.test(line)) at += 1;
    else addParagraph();
  }
};
