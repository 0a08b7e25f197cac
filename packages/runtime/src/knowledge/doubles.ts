/** Characters of the pieces by which two texts are compared, and one of how many pieces counts. */
const pieceLength = 8;
const oneOf = 4;
/** The share of the pieces of both texts together that nearly the same texts have in common. */
const leastShared = 0.85;

const letters = /[\p{L}\p{N}]+/gu;
const digits = /\p{Nd}+/gu;
const multiplier = 31;
/** What the first character of a piece is multiplied with in its hash. */
const leaving = Array.from({ length: pieceLength }).reduce<number>(
  (power) => Math.imul(power, multiplier),
  1,
);
/** Of shorter texts all pieces count. */
const longText = 200;

/** Hashes of pieces of a text, whatever its case, its marks and its spaces. */
const piecesOf = (text: string): ReadonlySet<number> => {
  const plain = text.toLowerCase().match(letters)?.join(" ") ?? "";
  const pieces = new Set<number>();
  let hash = 0;
  for (let at = 0; at < plain.length; at += 1) {
    hash = (Math.imul(hash, multiplier) + plain.charCodeAt(at)) | 0;
    if (at >= pieceLength) hash = (hash - Math.imul(leaving, plain.charCodeAt(at - pieceLength))) | 0;
    // The upper bits depend on all characters.
    if (plain.length < longText || (hash >>> 16) % oneOf === 0) pieces.add(hash);
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
  const [short, long] = [one.text.length, other.text.length].sort((a, b) => a - b);
  if (short === undefined || long === undefined || short < leastShared * long) return false;
  one.pieces ??= piecesOf(one.text);
  other.pieces ??= piecesOf(other.text);
  let shared = 0;
  for (const piece of one.pieces) if (other.pieces.has(piece)) shared += 1;
  return shared >= leastShared * (one.pieces.size + other.pieces.size - shared);
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
