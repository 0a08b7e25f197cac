import { Lexer, type Token, type Tokens } from "marked";
import type { Output } from "../base/output.ts";
import type { Reader } from "../base/reader.ts";
import { textOf } from "./encoding.ts";
import { readMarkup } from "./html.ts";

const lineBreaksIn = (text: string): number => text.split("\n").length - 1;

const isTable = (token: Token): token is Tokens.Table => token.type === "table" && "header" in token;

/** A frontmatter is no text of the document; its title is. */
const frontmatter = /^---\n(?:[^\n]*\n)*?(?:---|\.\.\.)[^\S\n]*(?:\n|$)/;
const titleIn = (front: string): string | undefined =>
  front
    .split("\n")
    .find((line) => line.startsWith("title:"))
    ?.slice("title:".length)
    .trim()
    .replace(/^["']|["']$/g, "");

const addToken = (token: Token, first: number, output: Output): void => {
  const text = token.raw.replace(/^\n+/, "").trimEnd();
  const start = first + lineBreaksIn(/^\n*/.exec(token.raw)?.[0] ?? "");
  const lines = [start, start + lineBreaksIn(text)] as const;
  if (token.type === "space" || token.type === "hr" || token.type === "def") return;
  if (token.type === "heading") output.add({ kind: "heading", text: token.text, level: token.depth, lines });
  else if (token.type === "list") output.add({ kind: "list", text, lines });
  else if (token.type === "code") {
    const [language] = String(token.lang ?? "").split(/\s/, 1);
    output.add({ kind: "code", text: token.text, lines, ...(language ? { language } : {}) });
  } else if (isTable(token)) {
    const rows = [token.header, ...token.rows].map((row) => row.map((cell) => cell.text));
    // The second line of the table is the one below its header.
    output.add({
      kind: "table",
      rows,
      rowLines: rows.map((_, row) => start + row + (row > 0 ? 1 : 0)),
      lines,
    });
  } else if (token.type === "html") readMarkup(text, output.at({ lines }));
  else output.add({ kind: "paragraph", text, lines });
};

/** Adds the blocks of Markdown, whose text stays as it is written. */
export const readMarkdownText = (text: string, output: Output): void => {
  const [front = ""] = frontmatter.exec(text) ?? [];
  output.title(titleIn(front));
  let line = 1 + lineBreaksIn(front);
  for (const token of new Lexer().blockTokens(text.slice(front.length))) {
    addToken(token, line, output);
    line += lineBreaksIn(token.raw);
  }
};

export const readMarkdown: Reader = ({ bytes }, output) => readMarkdownText(textOf(bytes), output);
