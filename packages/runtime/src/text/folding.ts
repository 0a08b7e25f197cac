/** Accents, the points of Hebrew and Arabic, and what makes an emoji of a digit. Marks of other scripts are vowels. */
const accents = /[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670]|\u20e3|[\ufe00-\ufe0f]/g;

/** What nobody sees, or what only stretches a word: soft hyphens, joiners, marks of direction, the Arabic tatweel. */
const hidden = /[\u00ad\u061c\u0640\u200c-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]/g;

export const withoutHiddenMarks = (text: string): string => text.replace(hidden, "");

/** Letters that many write as others, and that Unicode takes for letters of their own. */
const letters: ReadonlyMap<string, string> = new Map([
  ["ß", "ss"],
  ["æ", "ae"],
  ["œ", "oe"],
  ["ø", "o"],
  ["ł", "l"],
  ["đ", "d"],
  ["ð", "d"],
  ["þ", "th"],
  ["ħ", "h"],
  ["ı", "i"],
  // Arabic, and what Persian writes in its place.
  ["ى", "ي"],
  ["ی", "ي"],
  ["ک", "ك"],
  ["ة", "ه"],
]);
const otherLetters = new RegExp(`[${[...letters.keys()].join("")}]`, "g");

/** The zeros of other scripts: their digits follow in order. */
const zeros = [..."٠۰߀०০੦૦୦௦౦೦൦෦๐໐༠၀႐០᠐"].map((zero) => zero.charCodeAt(0));
const otherDigits = new RegExp(
  `[${zeros.map((zero) => `${String.fromCharCode(zero)}-${String.fromCharCode(zero + 9)}`).join("")}]`,
  "g",
);

const digitOf = (character: string): string => {
  const code = character.charCodeAt(0);
  return String(code - (zeros.findLast((zero) => zero <= code) ?? code));
};

/** The vowel that compatibility forms take apart, with the mark of tone before it or in its middle. */
const thaiAm = /\u0e4d([\u0e48-\u0e4b]?)\u0e32/g;
const laoAm = /\u0ecd([\u0ec8-\u0ecb]?)\u0eb2/g;

/** Most texts are ASCII, where there is nothing to fold but case. */
export const isAscii = (text: string): boolean => /^[\0-\x7f]*$/.test(text);

/**
 * A text whose words are the same however they are typed: full-width and composed forms as one, digits of every script,
 * without accents, case and hidden marks.
 */
export const folded = (text: string): string =>
  isAscii(text)
    ? text.toLowerCase()
    : withoutHiddenMarks(text)
        .normalize("NFKD")
        .replace(accents, "")
        .normalize("NFKC")
        .toLowerCase()
        .replace(otherLetters, (letter) => letters.get(letter) ?? letter)
        .replace(otherDigits, digitOf)
        .replace(thaiAm, "$1\u0e33")
        .replace(laoAm, "$1\u0eb3");
