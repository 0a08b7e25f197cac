import type { Piece } from "./piece.ts";

/** The length of a piece behind others, with what stands between, and the header where its table begins. */
const lengthAfter = (piece: Piece, before: Piece | undefined): number =>
  piece.text.length +
  (before ? piece.join.length : 0) +
  (piece.head !== undefined && piece.head !== before?.head ? piece.head.length + 1 : 0);

/** The text of pieces that follow one another. */
export const textOfPieces = (pieces: readonly Piece[]): string =>
  pieces
    .map((piece, index) => {
      const before = pieces[index - 1];
      const head = piece.head !== undefined && piece.head !== before?.head ? `${piece.head}\n` : "";
      return (before ? piece.join : "") + head + piece.text;
    })
    .join("")
    .trim();

/** The end of a text, from a word on; empty when it has none that is short enough. */
const endOf = (text: string, most: number): string => {
  if (most === 0) return "";
  const end = text.slice(-most);
  if (end.length === text.length) return end;
  const [, rest = ""] = /^\S*\s+([\s\S]*)$/.exec(end) ?? [];
  return rest;
};

/** What the next passage repeats of the one before it. It stands where that one stands that it leads to. */
const repeatedOf = (pieces: readonly Piece[], next: Piece, most: number): Piece[] => {
  if (!pieces.at(-1)?.isProse || !next.isProse) return [];
  const text = endOf(textOfPieces(pieces), most);
  return text === "" ? [] : [{ ...next, text: next.join === "" ? `${text} ` : text }];
};

/**
 * Joins pieces up to a length.
 *
 * @param size Longest text in characters
 * @param overlap Characters of a text that the next one begins with, at most
 */
export function* packed(pieces: Iterable<Piece>, size: number, overlap: number): Generator<Piece[]> {
  let current: Piece[] = [];
  let length = 0;
  for (const piece of pieces) {
    const added = lengthAfter(piece, current.at(-1));
    if (current.length > 0 && length + added > size) {
      yield current;
      const repeated = repeatedOf(current, piece, overlap);
      const kept = repeated.reduce((sum, { text }) => sum + text.length, 0);
      current = kept + added > size ? [] : repeated;
      length = current.length === 0 ? 0 : kept;
    }
    length += lengthAfter(piece, current.at(-1));
    current.push(piece);
  }
  if (current.length > 0) yield current;
}
