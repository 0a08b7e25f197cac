import { Marked, type Token, type Tokens } from "marked";
import { printable, type Screen } from "../terminal/index.ts";
import { blockLines } from "./blocks.ts";
import type { Page } from "./page.ts";

/** Where words may begin that look otherwise once their end is known: `**bold**`, a link, code. */
const opening = /\*(?=\S|$)|(?<![\p{L}\p{N}_])_(?=\S|$)|~~|`|!?\[|[!~\\]$|<(?=[a-z/!]|$)/giu;
/** A link that lacks its end. */
const openLink = /^!?\[[^\]\n]*(?:\](?:\([^)\n]*)?)?$/;

/** What follows an empty line may still belong to these. */
const goesOn: ReadonlySet<string> = new Set(["list", "blockquote", "code", "html", "def"]);

/** Lists, code and quotations as far as their lines are complete; what empty lines mean is seen later. */
const completeLines = (source: string): string => source.slice(0, source.lastIndexOf("\n") + 1).trimEnd();

/** A paragraph as far as more text cannot change how it looks. */
const settled = ({ raw, tokens = [] }: Tokens.Generic): string => {
  let offset = 0;
  for (const token of tokens) {
    for (const { 0: mark, index } of token.type === "text" ? token.raw.matchAll(opening) : []) {
      const start = offset + index;
      if (!mark.includes("[") || openLink.test(raw.slice(start))) return raw.slice(0, start);
    }
    offset += token.raw.length;
  }
  return raw;
};

/** Models mean the line breaks that they make. */
const marked = new Marked({ gfm: true, breaks: true });

/** Shows Markdown while it arrives: what is finished line by line, and of a paragraph its words. */
interface MarkdownStream {
  write(piece: string): void;
  /** Shows what was held back. Further text begins anew. */
  end(): void;
}

/** @param page Asked when a block begins: the terminal may have been resized since. */
export const createMarkdownStream = (screen: Screen, page: () => Page): MarkdownStream => {
  /** Text from the beginning of the block that is not finished. */
  let source = "";
  /** How many lines of that block are on the screen for good. */
  let shown = 0;
  /** Whether the next block is below another one. */
  let isBelow = false;
  /** Of the block that is not finished: another width would move its lines that are on the screen. */
  let layout: Page | undefined;

  const showGap = () => {
    if (isBelow) screen.commit("");
    isBelow = false;
  };
  const show = (lines: readonly string[]) => {
    const more = lines.slice(shown);
    if (more.length > 0) showGap();
    for (const line of more) screen.commit(line);
    shown += more.length;
  };
  const linesOf = (token: Token): string[] => {
    layout ??= page();
    return blockLines(token, layout);
  };
  const finish = (token: Token) => {
    show(linesOf(token));
    isBelow ||= shown > 0;
    [shown, layout] = [0, undefined];
  };

  /** Shows what is certain of the last block. */
  const showPart = (token: Token) => {
    // A row may be the head of a table, whose columns are as wide as what comes later.
    if (token.type === "table" || (token.type === "paragraph" && token.raw.includes("|"))) return;
    const isParagraph = token.type === "paragraph";
    const [part] = marked.lexer(isParagraph ? settled(token) : completeLines(source));
    if (part?.type !== token.type) return;
    const lines = linesOf(part);
    if (!isParagraph) return show(lines);
    show(lines.slice(0, -1));
    const last = lines.at(-1);
    if (last === undefined) return;
    showGap();
    screen.live(last);
  };

  const draw = (isEnd: boolean) => {
    const tokens = marked.lexer(source);
    const last = tokens.findLastIndex(({ type }) => type !== "space");
    const token = tokens[last];
    if (!token) return;
    const isOpen = !isEnd && (last === tokens.length - 1 || goesOn.has(token.type));
    const finished = isOpen ? tokens.slice(0, last) : tokens;
    for (const one of finished) if (one.type !== "space") finish(one);
    source = source.slice(finished.reduce((length, { raw }) => length + raw.length, 0));
    if (isOpen) showPart(token);
  };

  return {
    write(piece) {
      source += printable(piece);
      draw(false);
    },
    end() {
      draw(true);
      [source, isBelow] = ["", false];
    },
  };
};
