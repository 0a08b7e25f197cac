import type { Output } from "../base/output.ts";
import type { Reader } from "../base/reader.ts";
import { textOf } from "./encoding.ts";

/** Reads plain text: paragraphs between blank lines. A line of its own that begins with `#` is a heading, as in Markdown. */
export const readTextLines = (text: string, output: Output): void => {
  const lines = text.split("\n");
  let start = 0;
  const add = (end: number) => {
    const paragraph = lines.slice(start, end).join("\n").trimEnd();
    const [, marks = "", heading] = /^(#{1,6}) ([^\n]+)$/.exec(paragraph) ?? [];
    const place = { lines: [start + 1, end] as const };
    if (heading !== undefined)
      output.add({ kind: "heading", text: heading.trim(), level: marks.length, ...place });
    else if (paragraph.trim() !== "") output.add({ kind: "paragraph", text: paragraph, ...place });
    start = end;
  };
  for (const [index, line] of lines.entries()) {
    if (line.trim() === "" || /^#{1,6} /.test(line)) {
      add(index);
      if (line.trim() === "") start = index + 1;
    } else if (index === start + 1 && /^#{1,6} /.test(lines[start] ?? "")) add(index);
  }
  add(lines.length);
};

export const readText: Reader = ({ bytes }, output) => readTextLines(textOf(bytes), output);
