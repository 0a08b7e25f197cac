import { find, read } from "cfb";
import type { Output } from "../base/output.ts";
import type { Reader } from "../base/reader.ts";
import { mayBeTitle } from "../base/slide-title.ts";
import { passwordProtected, Unreadable } from "../base/unreadable.ts";

/** Kinds of records of a presentation, by their numbers in the format ([MS-PPT] 2.13.24). */
const kinds = {
  document: 0x03e8,
  slidePersist: 0x03f3,
  textHeader: 0x0f9f,
  textChars: 0x0fa0,
  textBytes: 0x0fa8,
  outlineText: 0x0f9e,
  slideList: 0x0ff0,
  userEdit: 0x0ff5,
  currentUser: 0x0ff6,
  persistDirectory: 0x1772,
  notesAtom: 0x03f1,
} as const;

/** Which lists of a document its slides and notes are. */
const slideInstance = 0;
const notesInstance = 2;
/** What a text is: a title, or a title in the middle of its slide. */
const titleTypes = new Set([0, 6]);
const deepest = 20;

interface Record {
  kind: number;
  instance: number;
  data: Buffer;
  isContainer: boolean;
}

const recordAt = (bytes: Buffer, at: number): Record | undefined => {
  if (at + 8 > bytes.length) return undefined;
  const head = bytes.readUInt16LE(at);
  const length = bytes.readUInt32LE(at + 4);
  const data = bytes.subarray(at + 8, at + 8 + length);
  return { kind: bytes.readUInt16LE(at + 2), instance: head >> 4, data, isContainer: (head & 0xf) === 0xf };
};

const recordsIn = (bytes: Buffer): Record[] => {
  const records: Record[] = [];
  for (let at = 0; ; ) {
    const record = recordAt(bytes, at);
    if (!record) return records;
    records.push(record);
    at += 8 + record.data.length;
  }
};

/** Where the newest version of each part of the document begins, by its number. */
const persistedPlaces = (stream: Buffer, newestEdit: number): Map<number, number> => {
  const places = new Map<number, number>();
  const seen = new Set<number>();
  for (let at = newestEdit; at !== 0 && !seen.has(at); ) {
    seen.add(at);
    const edit = recordAt(stream, at);
    if (edit?.kind !== kinds.userEdit) throw new Unreadable("broken", "it is damaged");
    const directory = recordAt(stream, edit.data.readUInt32LE(12))?.data ?? Buffer.alloc(0);
    for (let entry = 0; entry + 4 <= directory.length; ) {
      const head = directory.readUInt32LE(entry);
      const [first, count] = [head & 0xfffff, head >>> 20];
      for (let index = 0; index < count && entry + 8 + index * 4 <= directory.length; index++) {
        const place = directory.readUInt32LE(entry + 4 + index * 4);
        if (!places.has(first + index)) places.set(first + index, place);
      }
      entry += 4 + count * 4;
    }
    at = edit.data.readUInt32LE(8);
  }
  return places;
};

interface Text {
  isTitle: boolean;
  text: string;
}

/** The texts in a part of the document, in their order. @param outline Texts of the slide that are kept in the list of slides */
const textsIn = (bytes: Buffer, outline: readonly Text[] = [], depth = 0): Text[] => {
  const texts: Text[] = [];
  let isTitle = false;
  for (const { kind, data, isContainer } of recordsIn(bytes)) {
    if (kind === kinds.textHeader) isTitle = titleTypes.has(data.readUInt32LE(0));
    else if (kind === kinds.textChars) texts.push({ isTitle, text: data.toString("utf16le") });
    else if (kind === kinds.textBytes) texts.push({ isTitle, text: data.toString("latin1") });
    else if (kind === kinds.outlineText) texts.push(...outline.slice(data.readUInt32LE(0)).slice(0, 1));
    else if (isContainer && depth < deepest) texts.push(...textsIn(data, outline, depth + 1));
  }
  return texts;
};

interface Page {
  place: number;
  /** The number by which notes name their slide. */
  id: number;
  outline: Text[];
}

/** The slides, or the notes, that a document lists. */
const pagesOf = (document: Buffer, instance: number, places: ReadonlyMap<number, number>): Page[] => {
  const list = recordsIn(document).find(
    (record) => record.kind === kinds.slideList && record.instance === instance,
  );
  const pages: Page[] = [];
  let isTitle = false;
  for (const { kind, data } of list ? recordsIn(list.data) : []) {
    if (kind === kinds.slidePersist) {
      pages.push({ place: places.get(data.readUInt32LE(0)) ?? 0, id: data.readUInt32LE(12), outline: [] });
    } else if (kind === kinds.textHeader) isTitle = titleTypes.has(data.readUInt32LE(0));
    else if (kind === kinds.textChars)
      pages.at(-1)?.outline.push({ isTitle, text: data.toString("utf16le") });
    else if (kind === kinds.textBytes) pages.at(-1)?.outline.push({ isTitle, text: data.toString("latin1") });
  }
  return pages;
};

/** What stands for a number, a date or a footer. */
const isPlaceholder = (text: string): boolean => /^[\s*]*$/.test(text);

const linesOf = (text: string): string[] =>
  text
    .replaceAll("\v", "\n")
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .filter((line) => !isPlaceholder(line));

const addTexts = (texts: readonly Text[], output: Output): void => {
  for (const { isTitle, text } of texts) {
    const lines = linesOf(text);
    if (isTitle) output.add({ kind: "heading", text: lines.join(" "), level: 1 });
    else output.add({ kind: "paragraph", text: lines.join("\n") });
  }
};

/** The texts of a slide, of which the first one is taken for the title where none says so. */
const withTitle = (texts: readonly Text[]): readonly Text[] => {
  const [first, ...rest] = texts.filter(({ text }) => linesOf(text).length > 0);
  if (!first || texts.some(({ isTitle }) => isTitle) || !mayBeTitle(linesOf(first.text))) return texts;
  return [{ ...first, isTitle: true }, ...rest];
};

const contentOf = (container: ReturnType<typeof read>, name: string): Buffer => {
  const content = find(container, name)?.content;
  if (!content) throw new Unreadable("broken", "it is damaged");
  return Buffer.from(content);
};

/** Reads presentations of PowerPoint from before 2007: titles, text and notes, slide by slide. */
export const readPpt: Reader = ({ bytes }, output) => {
  const container = read(bytes);
  if (find(container, "EncryptedSummary")) throw passwordProtected();
  const stream = contentOf(container, "PowerPoint Document");
  const user = contentOf(container, "Current User");
  const places = persistedPlaces(stream, user.readUInt32LE(16));
  const edit = recordAt(stream, user.readUInt32LE(16));
  const document = recordAt(stream, places.get(edit?.data.readUInt32LE(16) ?? 0) ?? 0);
  if (document?.kind !== kinds.document) throw new Unreadable("broken", "it is damaged");
  const notes = new Map(
    pagesOf(document.data, notesInstance, places).map(({ place, outline }) => {
      const page = recordAt(stream, place)?.data ?? Buffer.alloc(0);
      const about =
        recordsIn(page)
          .find(({ kind }) => kind === kinds.notesAtom)
          ?.data.readUInt32LE(0) ?? 0;
      return [about, textsIn(page, outline)];
    }),
  );
  for (const [index, { place, id, outline }] of pagesOf(document.data, slideInstance, places).entries()) {
    output.page();
    const slide = output.at({ slide: index + 1 });
    addTexts(withTitle(textsIn(recordAt(stream, place)?.data ?? Buffer.alloc(0), outline)), slide);
    addTexts(notes.get(id) ?? [], slide);
  }
};
