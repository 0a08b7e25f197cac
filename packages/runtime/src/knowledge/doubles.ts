/** Characters of the pieces by which two texts are compared, and one of how many pieces counts. */
const pieceLength = 8;
const oneOf = 4;
/** The share of the pieces of both texts together that nearly the same texts have in common. */
const leastShared = 0.85;

const digits = /\p{Nd}+/gu;
const multiplier = 31;
/** What the first character of a piece is multiplied with in its hash. */
const leaving = Array.from({ length: pieceLength }).reduce<number>(
  (power) => Math.imul(power, multiplier),
  1,
);
/** Of shorter texts all pieces count. */
const longText = 200;
const space = 32;
/** The first letter beyond ASCII; before it stand marks. */
const firstAccented = 0xc0;

const isLetter = (code: number): boolean =>
  (code >= 97 && code <= 122) || (code >= 48 && code <= 57) || code >= firstAccented;

/** Hashes of pieces of a text, whatever its case, its marks and its spaces. No other text is built of it. */
const piecesOf = (text: string): ReadonlySet<number> => {
  const pieces = new Set<number>();
  const lower = text.toLowerCase();
  /** The last characters that count. */
  const last = new Uint16Array(pieceLength);
  let count = 0;
  let hash = 0;
  let isBetween = false;
  const add = (code: number) => {
    const slot = count % pieceLength;
    hash = (Math.imul(hash, multiplier) + code) | 0;
    if (count >= pieceLength) hash = (hash - Math.imul(leaving, last[slot] ?? 0)) | 0;
    last[slot] = code;
    count += 1;
    // The upper bits depend on all characters.
    if (lower.length < longText || (hash >>> 16) % oneOf === 0) pieces.add(hash);
  };
  for (let at = 0; at < lower.length; at += 1) {
    const code = lower.charCodeAt(at);
    if (!isLetter(code)) {
      isBetween = count > 0;
      continue;
    }
    if (isBetween) add(space);
    isBetween = false;
    add(code);
  }
  return pieces;
};

/** A text and what it is compared by: its pieces are made when another one might be the same. */
interface Compared {
  text: string;
  /** All its numbers: texts that differ in one say something different. */
  numbers: string;
  pieces?: ReadonlySet<number>;
}

const isNearly = (one: Compared, other: Compared): boolean => {
  if (one.numbers !== other.numbers) return false;
  const { length } = one.text;
  if (Math.min(length, other.text.length) < leastShared * Math.max(length, other.text.length)) return false;
  one.pieces ??= piecesOf(one.text);
  other.pieces ??= piecesOf(other.text);
  // What both have is `leastShared` of what either has.
  const needed = (leastShared / (1 + leastShared)) * (one.pieces.size + other.pieces.size);
  let missable = one.pieces.size - needed;
  for (const piece of one.pieces) {
    if (missable < 0) return false;
    if (!other.pieces.has(piece)) missable -= 1;
  }
  return missable >= 0;
};

/** The texts so far. */
export interface Doubles {
  /** Whether a text says nearly the same as one before it. What differs in a number does not. */
  has(text: string): boolean;
}

/** Finds texts that repeat others, such as a paragraph that stands in two documents. */
export const createDoubles = (): Doubles => {
  const known: Compared[] = [];
  return {
    has(text) {
      const compared: Compared = { text, numbers: text.match(digits)?.join(" ") ?? "" };
      if (known.some((other) => isNearly(compared, other))) return true;
      known.push(compared);
      return false;
    },
  };
};
