import { Parser } from "htmlparser2";
import type { Block } from "../base/document.ts";
import type { Output } from "../base/output.ts";
import type { Reader } from "../base/reader.ts";
import { createTextFlow, type TextFlow } from "../base/text-flow.ts";
import { nestedTooDeeply } from "../base/unreadable.ts";
import { textOf } from "./encoding.ts";

/** Elements that hold nothing to read. */
const unread = new Set(
  "script style head svg math template iframe object canvas select button dialog nav noscript".split(" "),
);
const unreadRoles = new Set(["navigation", "banner", "contentinfo", "search", "dialog", "alertdialog"]);
/** Around the content of a page, not in it. */
const surroundings = new Set(["footer", "aside"]);
const contents = new Set(["main", "article"]);
const breaks = new Set(
  "p div section article main header footer aside figure figcaption blockquote address form fieldset dl dt dd hr details summary center body html".split(
    " ",
  ),
);
/** The library takes time that grows with the square of the depth. */
const deepest = 5_000;

const isHidden = (name: string, attributes: Readonly<Record<string, string>>): boolean =>
  unread.has(name) ||
  unreadRoles.has(attributes.role ?? "") ||
  attributes.hidden !== undefined ||
  attributes["aria-hidden"] === "true" ||
  /display\s*:\s*none/i.test(attributes.style ?? "");

const headingLevel = (name: string): number | undefined => {
  const [, level] = /^h([1-6])$/.exec(name) ?? [];
  return level === undefined ? undefined : Number(level);
};

const openTag = (flow: TextFlow, name: string, attributes: Readonly<Record<string, string>>): void => {
  const level = headingLevel(name);
  if (level !== undefined) flow.heading(level);
  else if (name === "ul" || name === "menu") flow.list(false);
  else if (name === "ol") flow.list(true, Number.parseInt(attributes.start ?? "", 10) || 1);
  else if (name === "li") flow.item();
  else if (name === "table") flow.table();
  else if (name === "tr") flow.row();
  else if (name === "td" || name === "th") flow.cell(Number.parseInt(attributes.colspan ?? "", 10) || 1);
  else if (name === "pre") flow.code();
  else if (name === "br") flow.lineBreak();
  else if (name === "img" && attributes.alt) flow.text(` ${attributes.alt} `);
  else if (breaks.has(name)) flow.endBlock();
};

const closeTag = (flow: TextFlow, name: string): void => {
  if (headingLevel(name) !== undefined) flow.endHeading();
  else if (name === "ul" || name === "ol" || name === "menu") flow.endList();
  else if (name === "table") flow.endTable();
  else if (name === "pre") flow.endCode();
  else if (name === "li" || name === "caption" || breaks.has(name)) flow.endBlock();
};

/** Characters that the parser gets at a time: it can be stopped between them. */
const atOnce = 64 * 1024;

/** What is read of a page: all of it, or what stands in its `main`. */
type Part = "all" | "main";

const readPart = (html: string, output: Pick<Output, "add" | "title" | "limits">, part: Part): void => {
  const flow = createTextFlow(output);
  const path: string[] = [];
  /** Depth of the outermost element that is not read. */
  let unreadFrom: number | undefined;
  let contentDepth = 0;
  let mainDepth = 0;
  let title = "";
  const isRead = () => unreadFrom === undefined && (part === "all" || mainDepth > 0);
  const parser = new Parser({
    onopentag(name, attributes) {
      path.push(name);
      if (path.length > deepest) throw nestedTooDeeply();
      if (contents.has(name)) contentDepth += 1;
      if (name === "main") mainDepth += 1;
      if (unreadFrom !== undefined) return;
      if (isHidden(name, attributes) || (surroundings.has(name) && contentDepth === 0)) {
        unreadFrom = path.length;
        flow.endBlock();
      } else if (isRead()) openTag(flow, name, attributes);
    },
    onclosetag(name) {
      if (isRead()) closeTag(flow, name);
      if (unreadFrom === path.length) unreadFrom = undefined;
      if (contents.has(name)) contentDepth -= 1;
      if (name === "main") mainDepth -= 1;
      path.pop();
    },
    ontext(text) {
      if (path.at(-1) === "title" && path.includes("head")) title += text;
      else if (isRead()) flow.text(text);
    },
  });
  for (let start = 0; start < html.length; start += atOnce) parser.write(html.slice(start, start + atOnce));
  parser.end();
  output.title(title);
  flow.end();
};

/** Fewer characters in the `main` of a page are not what it is about. */
const leastMain = 200;

/**
 * Reads HTML into blocks: what a visitor reads, without scripts, navigation, what is hidden, and what surrounds its `main`
 * where it has one. Takes linear time.
 *
 * @throws Enough; Unreadable when elements stand too deeply in others
 */
export const readMarkup = (html: string, output: Pick<Output, "add" | "title" | "limits">): void => {
  if (/<main[\s>]/i.test(html)) {
    const blocks: Block[] = [];
    readPart(html, { ...output, add: (block) => blocks.push(block) }, "main");
    const length = blocks.reduce(
      (sum, block) => sum + (block.kind === "table" ? leastMain : block.text.length),
      0,
    );
    if (length >= leastMain) {
      for (const block of blocks) output.add(block);
      return;
    }
  }
  readPart(html, output, "all");
};

/** A page names its encoding in its first kilobyte, unless it is UTF-8. */
const charset = /\bcharset\s{0,9}=\s{0,9}["']?([\w-]{1,40})/i;

/** The text of a page, in the encoding that it names. */
const htmlTextOf = (bytes: Buffer): string => {
  const [, named] = charset.exec(bytes.toString("latin1", 0, 1024)) ?? [];
  return textOf(bytes, named);
};

export const readHtml: Reader = ({ bytes }, output) => readMarkup(htmlTextOf(bytes), output);
