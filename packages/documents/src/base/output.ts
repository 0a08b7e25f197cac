import type { Block, Document, Place, ReadingLimits, UnreadPart } from "./document.ts";

/** Ends a reading in its middle: what was written so far is the document. */
export class Enough extends Error {
  override readonly name = "Enough";
}

/** Where readers write blocks to. */
export interface Output {
  readonly limits: ReadingLimits;
  /**
   * Adds a block, unless it has no text.
   *
   * @throws Enough when the document has as many characters as are read
   */
  add(block: Block): void;
  title(text: string | undefined): void;
  /** Counts a page, a slide, a sheet or a file of an archive. @throws Enough when it is one too many */
  page(): void;
  unread(part: UnreadPart): void;
  /** The same output, for what stands in one place. */
  at(place: Place): Output;
}

const lengthOf = (block: Block): number =>
  block.kind === "table"
    ? block.rows.reduce((sum, row) => row.reduce((length, cell) => length + cell.length + 3, sum), 0)
    : block.text.length;

const fitting = (block: Block, room: number): Block => {
  if (block.kind !== "table") return { ...block, text: block.text.slice(0, room) };
  let left = room;
  const end = block.rows.findIndex((row) => {
    left -= row.reduce((length, cell) => length + cell.length + 3, 0);
    return left < 0;
  });
  return { ...block, rows: block.rows.slice(0, Math.max(end, 1)) };
};

/** Collects what readers write, within the limits. */
export const createOutput = (limits: ReadingLimits): { output: Output; document(): Document } => {
  const blocks: Block[] = [];
  const unread: UnreadPart[] = [];
  let title: string | undefined;
  let room = limits.characters;
  let pages = 0;
  let isCut = false;

  const enough = (): never => {
    isCut = true;
    throw new Enough();
  };

  const outputAt = (place: Place): Output => ({
    limits,
    add(block) {
      const length = lengthOf(block);
      if (length === 0) return;
      if (room === 0) enough();
      blocks.push({ ...place, ...(length > room ? fitting(block, room) : block) });
      if (length > room) enough();
      room -= length;
    },
    title(text) {
      const trimmed = text?.replace(/\s+/g, " ").trim();
      if (trimmed && place.part === undefined) title ??= trimmed;
    },
    page() {
      pages += 1;
      if (pages > limits.pages) enough();
    },
    unread: (part) => unread.push(part),
    at: (inner) => outputAt({ ...place, ...inner }),
  });

  /** What a document is called that does not say so: its first heading, when it begins with one. */
  const firstHeading = (): string | undefined => (blocks[0]?.kind === "heading" ? blocks[0].text : undefined);

  return {
    output: outputAt({}),
    document() {
      title ??= firstHeading();
      return { ...(title === undefined ? {} : { title }), blocks, isCut, unread };
    },
  };
};
