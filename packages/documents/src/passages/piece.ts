import type { Block, Place } from "../base/document.ts";
import { tableHead, tableRow, tableWidth } from "../base/markdown.ts";

/** The smallest part of a block that a passage may begin or end with: a sentence, an item, a line, a row. */
export interface Piece {
  text: string;
  /** What stands between it and the piece before it. */
  join: "" | "\n";
  place: Place;
  /** The header of its table, which each passage repeats. */
  head?: string;
  /** Whether the end of a passage may be repeated before it. */
  isProse: boolean;
}

const sentence = /[\s\S]+?(?:[.!?]\s+|[。！？]|\n|$)/g;

const word = /\S{1,80}\s*/g;

const linesFrom = (lines: Place["lines"], before: string, text: string): Pick<Place, "lines"> => {
  if (lines === undefined) return {};
  const start = lines[0] + before.split("\n").length - 1;
  return { lines: [start, Math.min(start + text.trimEnd().split("\n").length - 1, lines[1])] };
};

/** Cuts what is longer than a passage where the limit is, as nothing better is known. */
const sliced = (piece: Piece, size: number): Piece[] => {
  if (piece.text.length <= size) return [piece];
  const pieces: Piece[] = [];
  for (let start = 0; start < piece.text.length; start += size) {
    pieces.push({
      ...piece,
      text: piece.text.slice(start, start + size),
      join: start === 0 ? piece.join : "",
    });
  }
  return pieces;
};

const rowsOf = (block: Block & { kind: "table" }, place: Place, size: number): Piece[] => {
  const [header = [], ...rows] = block.rows;
  const width = tableWidth(block.rows);
  const head = tableHead(header, width);
  const lines = block.rowLines?.slice(1) ?? [];
  if (rows.length === 0) return sliced({ text: head, join: "\n", place, isProse: false }, size);
  // A header that fills most of a passage is not repeated.
  const repeated = head.length <= size / 2 ? { head } : {};
  return rows.flatMap((row, index) => {
    const line = lines[index];
    const ofRow = line === undefined ? {} : { lines: [line, line] as const };
    const text = tableRow(row, width);
    return sliced({ text, join: "\n", place: { ...place, ...ofRow }, ...repeated, isProse: false }, size);
  });
};

/** Where paragraphs are cut: where they are longer than a passage, at every sentence, or at every word. */
export type Cuts = "long" | "sentences" | "words";

const partsOf = ({ kind, text }: Exclude<Block, { kind: "table" }>, size: number, cuts: Cuts): string[] => {
  if (cuts === "words") return text.match(word) ?? [];
  if (kind === "list" || kind === "code") return text.split("\n").map((line) => `${line}\n`);
  return cuts === "sentences" || text.length > size ? (text.match(sentence) ?? []) : [text];
};

/** Where a block stands. */
export const placeOf = ({ page, slide, sheet, part, lines }: Block): Place => ({
  ...(page === undefined ? {} : { page }),
  ...(slide === undefined ? {} : { slide }),
  ...(sheet === undefined ? {} : { sheet }),
  ...(part === undefined ? {} : { part }),
  ...(lines === undefined ? {} : { lines }),
});

/** The pieces of a block. @param size Longest piece, in characters */
export const piecesOf = (block: Block, size: number, cuts: Cuts = "long"): Piece[] => {
  const place = placeOf(block);
  if (block.kind === "table") return rowsOf(block, place, size);
  const isProse = block.kind !== "code";
  let before = "";
  return partsOf(block, size, cuts).flatMap((text, index) => {
    const piece: Piece = {
      text: text.replace(/\n$/, ""),
      join: index === 0 || before.endsWith("\n") ? "\n" : "",
      place: { ...place, ...linesFrom(place.lines, before, text) },
      isProse,
    };
    before += text;
    return sliced(piece, size);
  });
};
