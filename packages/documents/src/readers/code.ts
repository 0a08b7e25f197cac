import { extname } from "node:path";
import type { Reader } from "../base/reader.ts";
import { textOf } from "./encoding.ts";

/** Whether a line may begin a part of a program or a list of settings: it stands at the margin, and closes nothing. */
const isBeginning = (line: string): boolean => /^[^\s)\]}]/.test(line);

/**
 * Reads source code and settings as they are, in pieces that begin at the margin after an empty line: a function, a
 * class, a group of settings.
 */
export const readCode: Reader = ({ bytes, name }, output) => {
  const lines = textOf(bytes).split("\n");
  const language = extname(name).slice(1).toLowerCase();
  let start = 0;
  const add = (end: number) => {
    const text = lines.slice(start, end).join("\n").trimEnd();
    const first = start + 1;
    start = end;
    if (text === "") return;
    output.add({ kind: "code", text, language, lines: [first, first + text.split("\n").length - 1] });
  };
  for (const [index, line] of lines.entries()) {
    if (index > start && lines[index - 1]?.trim() === "" && isBeginning(line)) add(index);
  }
  add(lines.length);
};
