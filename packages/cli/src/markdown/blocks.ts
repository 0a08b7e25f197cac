import type { MarkedToken, Token, Tokens } from "marked";
import { widthOf, wrap } from "../terminal/index.ts";
import { inline, isOwn } from "./inline.ts";
import type { Page } from "./page.ts";
import { tableLines } from "./table.ts";

/** However deep lists and quotations are nested, text keeps so many columns. */
const leastColumns = 10;

const indented = (page: Page, first: string, rest: string, lines: (page: Page) => string[]): string[] =>
  lines({ ...page, columns: Math.max(leastColumns, page.columns - widthOf(first)) }).map(
    (line, at) => (at === 0 ? first : rest) + line,
  );

const listLines = ({ items, ordered, start }: Tokens.List, page: Page): string[] =>
  items.flatMap((item, at) => {
    const marker = ordered ? `${Number(start) + at}. ` : "• ";
    const lines = indented(page, marker, " ".repeat(marker.length), (inner) =>
      blocksInside(item.tokens, inner),
    );
    return lines.length > 0 ? lines : [marker.trimEnd()];
  });

/** Of what is inside of an item, words that follow one another are one line: its checkbox, its text. */
const blocksInside = (tokens: readonly Token[], page: Page): string[] => {
  const lines: string[] = [];
  let words: Token[] = [];
  const endWords = () => {
    if (words.length > 0) lines.push(...wrap(inline(words, page.colours), page.columns));
    words = [];
  };
  for (const token of tokens) {
    if (token.type === "text" || token.type === "checkbox") words.push(token);
    else {
      endWords();
      lines.push(...blockLines(token, page));
    }
  }
  endWords();
  return lines;
};

const codeLines = ({ text }: Tokens.Code, { colours }: Page): string[] =>
  // Not wrapped: whoever copies a command copies it whole.
  text === "" ? [] : text.split("\n").map((line) => (line === "" ? "" : `  ${colours.cyan(line)}`));

/** The lines of a block of Markdown, each at most as wide as the page; those of code are as wide as they are. */
export const blockLines = (token: Token, page: Page): string[] =>
  isOwn(token) ? ownBlockLines(token, page) : [];

const ownBlockLines = (token: MarkedToken, page: Page): string[] => {
  const { columns, colours } = page;
  switch (token.type) {
    case "space":
    case "def":
      return [];
    case "heading": {
      const mark = colours.isColorSupported ? [] : [{ text: `${"#".repeat(token.depth)} `, paint: String }];
      const paint = (text: string) =>
        token.depth === 1 ? colours.bold(colours.underline(text)) : colours.bold(text);
      return wrap([...mark, ...inline(token.tokens, colours, paint)], columns);
    }
    case "paragraph":
      return wrap(inline(token.tokens, colours), columns);
    case "list":
      return listLines(token, page);
    case "blockquote":
      return indented(page, "│ ", "│ ", (inner) => token.tokens.flatMap((one) => blockLines(one, inner))).map(
        (line) => colours.dim(line),
      );
    case "code":
      return codeLines(token, page);
    case "table":
      return tableLines(token, page);
    case "hr":
      return [colours.dim("─".repeat(Math.min(columns, 40)))];
    default:
      return wrap(inline([token], colours), columns);
  }
};
