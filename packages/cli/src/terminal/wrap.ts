import { widthOf } from "./width.ts";

/** A part of a line that is painted in one way. */
export interface Span {
  text: string;
  paint: (text: string) => string;
}

/** A span that no line break may divide. */
interface Piece extends Span {
  width: number;
  /** Whether a line may end in front of it. */
  mayBegin: boolean;
}

let segmenter: Intl.Segmenter | undefined;
/** Made when it is first needed: that takes 20 ms, which every command would wait for. */
const graphemesOf = (text: string): Intl.Segments => {
  segmenter ??= new Intl.Segmenter(undefined, { granularity: "grapheme" });
  return segmenter.segment(text);
};
const plain = /^[\x20-\x7e]*$/;
const closing = /^\p{P}/u;

/** Divides a word where it may be broken: not at all in Latin script, between all characters in Chinese. */
const piecesOf = function* (word: string, { paint }: Span, mayBegin: boolean): Generator<Piece> {
  if (plain.test(word)) {
    yield { text: word, paint, width: word.length, mayBegin };
    return;
  }
  let held: Piece | undefined;
  let afterWide = mayBegin;
  for (const { segment } of graphemesOf(word)) {
    const width = widthOf(segment);
    const isWide = width > 1;
    if (held && !isWide && !afterWide)
      held = { ...held, text: held.text + segment, width: held.width + width };
    else {
      if (held) yield held;
      held = {
        ...{ text: segment, paint, width },
        mayBegin: held ? (isWide || afterWide) && !closing.test(segment) : mayBegin,
      };
    }
    afterWide = isWide;
  }
  if (held) yield held;
};

/** Divides a piece that is wider than a whole line. */
const slicesOf = function* (piece: Piece, columns: number): Generator<Piece> {
  let [text, width] = ["", 0];
  for (const { segment } of graphemesOf(piece.text)) {
    const more = widthOf(segment);
    if (text !== "" && width + more > columns) {
      yield { ...piece, text, width, mayBegin: true };
      [text, width] = ["", 0];
    }
    text += segment;
    width += more;
  }
  yield { ...piece, text, width, mayBegin: true };
};

const painted = (pieces: readonly Piece[]): string => {
  let line = "";
  for (let at = 0; at < pieces.length; ) {
    const first = pieces[at];
    if (!first) break;
    let text = "";
    for (; pieces[at]?.paint === first.paint; at += 1) text += pieces[at]?.text;
    line += first.paint(text);
  }
  return line;
};

/**
 * Breaks text between words into lines of at most so many columns. Text that is added at the end changes no line but the
 * last: earlier ones may be on the screen already.
 */
export const wrap = (spans: readonly Span[], columns: number): string[] => {
  const lines: string[] = [];
  let line: Piece[] = [];
  let width = 0;
  /** What cannot be parted from the end of the line: its last word so far. */
  let word: Piece[] = [];
  let wordWidth = 0;

  const endLine = () => {
    while (line.at(-1)?.text.trim() === "") line.pop();
    lines.push(painted(line));
    [line, width] = [[], 0];
  };
  const endWord = () => {
    if (width > 0 && width + wordWidth > columns) endLine();
    for (const piece of word) {
      for (const slice of piece.width > columns ? slicesOf(piece, columns) : [piece]) {
        if (width > 0 && width + slice.width > columns) endLine();
        line.push(slice);
        width += slice.width;
      }
    }
    [word, wordWidth] = [[], 0];
  };

  for (const span of spans) {
    for (const part of span.text.match(/\n|[^\S\n]+|\S+/g) ?? []) {
      if (part === "\n") {
        endWord();
        endLine();
      } else if (part.trim() === "") {
        endWord();
        if (width > 0 && width < columns) {
          line.push({ text: " ", paint: span.paint, width: 1, mayBegin: true });
          width += 1;
        }
      } else {
        for (const piece of piecesOf(part, span, false)) {
          if (piece.mayBegin) endWord();
          word.push(piece);
          wordWidth += piece.width;
        }
      }
    }
  }
  endWord();
  if (line.length > 0) endLine();
  return lines;
};
