import { readFile } from "node:fs/promises";
import { getDocumentProxy, getResolvedPDFJS } from "unpdf";
import type { Output } from "../base/output.ts";
import type { Reader } from "../base/reader.ts";
import { passwordProtected, Unreadable } from "../base/unreadable.ts";
import { type Line, paragraphsOf, withoutRunningLines } from "./pdf-lines.ts";
import { createScannedPages } from "./scanned-pages.ts";

// Else it would be loaded with the document.
await getResolvedPDFJS();

/** Tells which characters the codes of a font stand for that is named and not in the file, as in East Asia. */
class CharacterMaps {
  async fetch({ filename }: { filename: string }): Promise<Uint8Array> {
    return new Uint8Array(await readFile(new URL(import.meta.resolve(`#cmaps/${filename}`))));
  }
}

const opened = (bytes: Buffer) =>
  getDocumentProxy(new Uint8Array(bytes), {
    BinaryDataFactory: CharacterMaps,
    stopAtErrors: false,
    verbosity: 0,
  }).catch((error: unknown) => {
    throw error instanceof Error && error.name === "PasswordException" ? passwordProtected() : error;
  });

type Pdf = Awaited<ReturnType<typeof opened>>;

const linesOf = async (pdf: Pdf, number: number): Promise<Line[]> => {
  const page = await pdf.getPage(number);
  const { items } = await page.getTextContent();
  const lines: Line[] = [];
  let line: Line = { text: "", height: 0, y: 0 };
  const push = () => {
    const text = line.text.replace(/[^\S\n]+/g, " ").trim();
    if (text !== "") lines.push({ ...line, text });
    line = { text: "", height: 0, y: 0 };
  };
  for (const item of items) {
    if (!("str" in item)) continue;
    if (item.str.trim() !== "") {
      line.y = Number(item.transform[5]);
      line.height = Math.max(line.height, item.height);
    }
    line.text += item.str;
    if (item.hasEOL) push();
  }
  push();
  page.cleanup();
  return lines;
};

const titleOf = async (pdf: Pdf): Promise<string | undefined> => {
  const { info } = await pdf.getMetadata();
  return "Title" in info && typeof info.Title === "string" ? info.Title : undefined;
};

const readPages = async (pdf: Pdf, { limits }: Output): Promise<Line[][]> => {
  const pages: Line[][] = [];
  let length = 0;
  const last = Math.min(pdf.numPages, limits.pages);
  for (let number = 1; number <= last && length <= limits.characters; number++) {
    const lines = await linesOf(pdf, number);
    pages.push(lines);
    length += lines.reduce((sum, { text }) => sum + text.length, 0);
  }
  return pages;
};

/**
 * Reads the text of pages. Headings are the lines in larger letters than most; what repeats at the edge of pages is left out.
 * Pages that are pictures are understood by others.
 */
export const readPdf: Reader = async (source, output, _, perceive) => {
  const pdf = await opened(source.bytes);
  output.title(await titleOf(pdf));
  const lines = await readPages(pdf, output);
  const pages = withoutRunningLines(lines);
  const scanned = createScannedPages(source, perceive);
  let hasText = false;
  try {
    for (const [index, blocks] of paragraphsOf(pages).entries()) {
      const page = output.at({ page: index + 1 });
      for (const block of blocks) page.add(block);
      const isRead = lines[index]?.length !== 0 || (await scanned.read(index + 1, page));
      hasText ||= isRead;
    }
  } finally {
    scanned.close();
  }
  const unread = scanned.unread();
  if (unread && !hasText) throw new Unreadable(unread.code, unread.reason);
  if (unread) output.unread(unread);
  for (let number = pages.length; number <= pdf.numPages; number++) output.page();
};
