import type { Piece } from "./piece.ts";

/** Pieces on each side of a border that are compared. */
const compared = 2;
/** By how many standard deviations a border is less alike than others, to be one between subjects. */
const leastDrop = 0.5;

/** Made on first use: what it knows of scripts takes milliseconds to load. */
let words: Intl.Segmenter | undefined;

/** Words that carry a subject: short ones rarely do, where words have letters. */
const countsOf = (pieces: readonly Piece[]): Map<string, number> => {
  words ??= new Intl.Segmenter(undefined, { granularity: "word" });
  const counts = new Map<string, number>();
  for (const { text } of pieces) {
    for (const { segment, isWordLike } of words.segment(text.toLowerCase())) {
      if (!isWordLike || (segment.length < 4 && /^[\p{Script=Latin}\d]/u.test(segment))) continue;
      counts.set(segment, (counts.get(segment) ?? 0) + 1);
    }
  }
  return counts;
};

const lengthOf = (counts: ReadonlyMap<string, number>): number =>
  Math.sqrt([...counts.values()].reduce((sum, count) => sum + count * count, 0));

/** The cosine of two counts of words: 1 for the same, 0 for nothing in common. */
const likeness = (one: ReadonlyMap<string, number>, other: ReadonlyMap<string, number>): number => {
  const product = [...one].reduce((sum, [word, count]) => sum + count * (other.get(word) ?? 0), 0);
  return product === 0 ? 0 : product / (lengthOf(one) * lengthOf(other));
};

/** Parts pieces where the words of what follows have least in common with those of what came before. */
export const bySubject = (pieces: readonly Piece[]): Piece[][] => {
  const borders = pieces.slice(1).map((_, index) => {
    const before = pieces.slice(Math.max(index + 1 - compared, 0), index + 1);
    return likeness(countsOf(before), countsOf(pieces.slice(index + 1, index + 1 + compared)));
  });
  const mean = borders.reduce((sum, each) => sum + each, 0) / borders.length;
  const variance = borders.reduce((sum, each) => sum + (each - mean) ** 2, 0) / borders.length;
  const most = mean - leastDrop * Math.sqrt(variance);
  const groups: Piece[][] = [];
  for (const [index, piece] of pieces.entries()) {
    const at = index - 1;
    const border = borders[at] ?? 0;
    const isLowest = border < most && border <= (borders[at - 1] ?? 1) && border <= (borders[at + 1] ?? 1);
    // The rows of a table stay together.
    if (index === 0 || (isLowest && piece.head === undefined)) groups.push([piece]);
    else groups.at(-1)?.push(piece);
  }
  return groups;
};
