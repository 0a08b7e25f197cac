import type { Reader } from "../base/reader.ts";
import { createTextFlow } from "../base/text-flow.ts";
import { nestedTooDeeply } from "../base/unreadable.ts";
import { rtfTokens } from "./rtf-tokens.ts";

const deepest = 1_000;

/** Groups that hold nothing to read, beside those that begin with `\*`. */
const unread = new Set(
  "fonttbl colortbl info pict object header headerl headerr headerf footer footerl footerr footerf listtext pntext nonshppict fldinst filetbl revtbl bkmkstart bkmkend".split(
    " ",
  ),
);

/** Character sets of fonts that are encodings, by their numbers. */
const charsets: Readonly<Record<number, string>> = {
  0: "windows-1252",
  77: "macintosh",
  128: "shift_jis",
  129: "euc-kr",
  134: "gbk",
  136: "big5",
  161: "windows-1253",
  162: "windows-1254",
  163: "windows-1258",
  177: "windows-1255",
  178: "windows-1256",
  186: "windows-1257",
  204: "windows-1251",
  222: "windows-874",
  238: "windows-1250",
};

const codePages: Readonly<Record<number, string>> = {
  866: "ibm866",
  874: "windows-874",
  932: "shift_jis",
  936: "gbk",
  949: "euc-kr",
  950: "big5",
  10000: "macintosh",
  65001: "utf-8",
};

const encodingOfPage = (page: number): string =>
  codePages[page] ?? (page >= 1250 && page <= 1258 ? `windows-${page}` : "windows-1252");

const characters: Readonly<Record<string, string>> = {
  tab: "\t",
  emdash: "—",
  endash: "–",
  lquote: "‘",
  rquote: "’",
  ldblquote: "“",
  rdblquote: "”",
  bullet: "•",
  emspace: " ",
  enspace: " ",
  "~": "\u00a0",
  _: "-",
  "\\": "\\",
  "{": "{",
  "}": "}",
};

interface Group {
  /** What its text is for; undefined for the text of the document. */
  purpose: "unread" | "fonts" | "styles" | "title" | "note" | undefined;
  encoding: string;
  /** Characters after `\u` that stand for it where Unicode is not known. */
  fallback: number;
  isInTable: boolean;
  /** The level of the heading that the paragraph is, or of its list, from 0. */
  heading: number | undefined;
  listLevel: number | undefined;
}

/** Reads Rich Text: headings, lists, tables and footnotes. */
export const readRtf: Reader = ({ bytes }, output) => {
  const flow = createTextFlow(output);
  const decoders = new Map<string, TextDecoder>();
  const fonts = new Map<number, string>();
  const styleLevels = new Map<number, number>();
  const notes: string[] = [];
  const groups: Group[] = [];
  let documentEncoding = "windows-1252";
  let group: Group = {
    purpose: undefined,
    encoding: documentEncoding,
    fallback: 1,
    isInTable: false,
    heading: undefined,
    listLevel: undefined,
  };
  /** Bytes of text that came after one another: characters of two bytes come as two. */
  let pending: Uint8Array[] = [];
  let toSkip = 0;
  let font = 0;
  let style = 0;
  let styleName = "";
  let title = "";
  let note = "";
  let paragraph = "";
  let depth = 0;
  let isTableOpen = false;
  let row: string[] = [];
  let cell = "";

  const say = (text: string): void => {
    if (group.purpose === undefined) paragraph += text;
    else if (group.purpose === "styles") styleName += text;
    else if (group.purpose === "title") title += text;
    else if (group.purpose === "note") note += text;
  };

  const flushText = (): void => {
    if (pending.length === 0) return;
    const decoder = decoders.get(group.encoding) ?? new TextDecoder(group.encoding);
    decoders.set(group.encoding, decoder);
    const text = decoder.decode(Buffer.concat(pending));
    pending = [];
    const skipped = Math.min(toSkip, text.length);
    toSkip -= skipped;
    say(text.slice(skipped));
  };

  const setDepth = (wanted: number): void => {
    for (; depth < wanted; depth++) flow.list(false);
    for (; depth > wanted; depth--) flow.endList();
  };

  const closeTable = (): void => {
    if (!isTableOpen) return;
    flow.endTable();
    isTableOpen = false;
  };

  const endParagraph = (): void => {
    const text = paragraph;
    paragraph = "";
    if (group.isInTable) {
      cell += `${text}\n`;
      return;
    }
    closeTable();
    const { heading, listLevel } = group;
    setDepth(heading === undefined && listLevel !== undefined && text.trim() !== "" ? listLevel + 1 : 0);
    if (heading !== undefined) flow.heading(heading + 1);
    else if (depth > 0) flow.item();
    for (const [index, line] of text.split("\n").entries()) {
      if (index > 0) flow.lineBreak();
      flow.text(line);
    }
    if (heading === undefined) flow.endBlock();
    else flow.endHeading();
  };

  const endRow = (): void => {
    setDepth(0);
    if (!isTableOpen) flow.table();
    isTableOpen = true;
    flow.row();
    for (const text of row) {
      flow.cell();
      flow.text(text);
    }
    row = [];
  };

  const word = (name: string, value: number | undefined): void => {
    if (name === "u") {
      flushText();
      toSkip = 0;
      say(String.fromCharCode((value ?? 0) & 0xffff));
      toSkip = group.fallback;
    } else if (name === "uc") group.fallback = value ?? 1;
    else if (name === "ansicpg") {
      documentEncoding = encodingOfPage(value ?? 1252);
      group.encoding = documentEncoding;
    } else if (name === "f") {
      font = value ?? 0;
      if (group.purpose !== "fonts") group.encoding = fonts.get(font) ?? documentEncoding;
    } else if (name === "fcharset") {
      const encoding = charsets[value ?? 0];
      // Windows' default set is that of the document.
      if (encoding !== undefined && value !== 0) fonts.set(font, encoding);
    } else if (name === "fonttbl") group.purpose = "fonts";
    else if (name === "stylesheet") group.purpose = "styles";
    else if (name === "title" && groups.at(-1)?.purpose === "unread") group.purpose = "title";
    else if (name === "footnote") {
      const mark = `[${notes.length + 1}]`;
      paragraph += mark;
      note = "";
      group.purpose = "note";
    } else if (unread.has(name)) group.purpose = "unread";
    else if (name === "s") {
      style = value ?? 0;
      if (group.purpose === undefined) group.heading = styleLevels.get(style);
    } else if (group.purpose === "unread" || group.purpose === "styles" || group.purpose === "fonts") return;
    else if (name === "pard") {
      group.heading = undefined;
      group.listLevel = undefined;
      group.isInTable = false;
    } else if (name === "intbl") group.isInTable = true;
    else if (name === "outlinelevel") group.heading = value !== undefined && value < 9 ? value : undefined;
    else if (name === "ls") group.listLevel ??= 0;
    else if (name === "ilvl") group.listLevel = Math.min(value ?? 0, 8);
    else if (name === "line") say("\n");
    else if (name === "par" || name === "sect" || name === "page") {
      if (group.purpose === undefined) endParagraph();
      else say("\n");
    } else if (name === "cell" || name === "nestcell") {
      row.push(cell + paragraph);
      cell = "";
      paragraph = "";
    } else if (name === "row" || name === "nestrow") endRow();
    else say(characters[name] ?? "");
  };

  const close = (): void => {
    const closed = group;
    group = groups.pop() ?? group;
    if (closed.purpose === "note" && group.purpose !== "note") {
      notes.push(`${notes.length + 1}. ${note.replace(/\s+/g, " ").trim()}`);
    }
    if (closed.purpose === "styles" && group.purpose === "styles") {
      const name = styleName.replace(";", "").trim().toLowerCase();
      const [, level] = /^heading ([1-9])$/.exec(name) ?? [];
      if (level !== undefined) styleLevels.set(style, Number(level) - 1);
      if (name === "title") styleLevels.set(style, 0);
      styleName = "";
    }
  };

  for (const token of rtfTokens(bytes.toString("latin1"))) {
    if (token.kind !== "text") flushText();
    if (token.kind === "text") pending.push(token.bytes);
    else if (token.kind === "open") {
      if (groups.length >= deepest) throw nestedTooDeeply();
      groups.push(group);
      group = { ...group };
    } else if (token.kind === "close") close();
    else if (token.kind === "symbol") {
      if (token.name === "*") group.purpose = "unread";
      else say(characters[token.name] ?? "");
    } else word(token.name, token.value);
  }
  flushText();
  endParagraph();
  closeTable();
  flow.end();
  output.title(title);
  for (const text of notes) output.add({ kind: "paragraph", text });
};
