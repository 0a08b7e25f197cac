import { folded, isAscii, withoutHiddenMarks } from "./folding.ts";

/**
 * The version of the rules below. Words are stored with the version that found them, and found anew when it has grown:
 * who changes what `indexWordsOf` gives counts it up.
 */
export const wordsVersion = 3;

/** English words too common to find anything by, and what an apostrophe leaves of some. */
const stopWords = new Set(
  `a about an and any are as at be but by can could did do does for from had has have how i if in is it its me my of
  on or our please she should so tell that the their them then there these they this to us was we were what when
  where which who whom why will with would you your ll re s t ve`.split(/\s+/),
);

/** Arabic and Hebrew write "the", and before it "and" or "in", as part of the word. */
const articles = /^(?:[وفبك]?ال|لل|ו?ה)(?=.{3})/;

/**
 * Strips English endings and the articles of Arabic and Hebrew: enough that "apples" finds "apple" and "planted" finds
 * "plant".
 */
const stem = (word: string): string => {
  if (word.length > 4 && word.endsWith("ies")) return `${word.slice(0, -3)}y`;
  if (word.length > 5 && word.endsWith("ing")) return word.slice(0, -3);
  if (word.length > 4 && word.endsWith("ed")) return word.slice(0, -2);
  if (word.length > 3 && word.endsWith("s") && !word.endsWith("ss")) return word.slice(0, -1);
  return word < "\u0590" ? word : word.replace(articles, "");
};

const chineseOrJapaneseScripts = String.raw`\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}`;
const koreanScript = String.raw`\p{Script=Hangul}`;
const southEastAsianScripts = String.raw`\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}`;

/** Scripts whose words are not separated by spaces, or carry particles. */
const unspacedScripts = `[${chineseOrJapaneseScripts}${koreanScript}${southEastAsianScripts}]`;
const unspaced = new RegExp(unspacedScripts, "u");
const paired = new RegExp(`[${chineseOrJapaneseScripts}${koreanScript}]`, "u");

/** Runs of one kind, in the order of the groups: Chinese and Japanese, Korean, South-East Asian, all other words. */
const runs = new RegExp(
  String.raw`([${chineseOrJapaneseScripts}ー々]+)|([${koreanScript}]+)|([${southEastAsianScripts}\p{M}]+)|((?:(?!${unspacedScripts})[\p{L}\p{N}\p{M}])+)`,
  "gu",
);

/** Hiragana alone is endings and particles, which say little. */
const particles = /^\p{Script=Hiragana}+$/u;

/** Overlapping pairs of characters: what two texts share is found wherever their words begin. */
const pairsOf = (run: string): string[] => {
  const characters = [...run];
  if (characters.length < 3) return [run];
  return characters.slice(1).map((character, index) => `${characters[index]}${character}`);
};

/** Whether a text has Chinese, Japanese or Korean characters: words of `wordsOf` that have are pairs of characters. */
export const isEastAsian = (text: string): boolean => paired.test(text);

const pairsOfJapanese = (run: string): string[] => {
  const pairs = pairsOf(run);
  const telling = pairs.filter((pair) => !particles.test(pair));
  return telling.length > 0 ? telling : pairs;
};

let segmenter: Intl.Segmenter | undefined;

/** By the dictionaries that come with Node. It is made when somebody writes so: it takes a moment and memory. */
const segmentsOf = (run: string): string[] => {
  segmenter ??= new Intl.Segmenter("th", { granularity: "word" });
  return [...segmenter.segment(run)].flatMap(({ segment, isWordLike }) => (isWordLike ? [segment] : []));
};

/** For texts that are ASCII, since it is ready at once: patterns of whole scripts take milliseconds to compile. */
const asciiWords = /[a-z0-9]+/g;
const anyWords = /[\p{L}\p{N}\p{M}]+/gu;

const spacedWords = (text: string, pattern: RegExp): string[] => {
  const words: string[] = [];
  for (const word of text.match(pattern) ?? []) if (!stopWords.has(word)) words.push(stem(word));
  return words;
};

/**
 * The words of a text by which to find it, in any language: without accents and case, stemmed, in order, with repeats.
 * Where words are not set apart, they are pairs of characters (Chinese, Japanese, Korean) or found by a dictionary (Thai,
 * Lao, Khmer, Burmese).
 */
export const wordsOf = (text: string): string[] => {
  if (isAscii(text)) return spacedWords(text.toLowerCase(), asciiWords);
  const read = folded(text);
  if (!unspaced.test(read)) return spacedWords(read, anyWords);
  const words: string[] = [];
  for (const [run, japanese, korean, southEast] of read.matchAll(runs)) {
    if (japanese !== undefined) words.push(...pairsOfJapanese(run));
    else if (korean !== undefined) words.push(...pairsOf(run));
    else if (southEast !== undefined) words.push(...segmentsOf(run));
    else if (!stopWords.has(run)) words.push(stem(run));
  }
  return words;
};

/** A long word with a capital letter is a compound, where nouns are written so. */
const compounds = /\p{Lu}\p{Ll}{9,}/gu;
const asciiCompounds = /[A-Z][a-z]{9,}/g;
const shortestPart = 4;
const longestPart = 20;

/** The beginnings and ends of a compound: one of them is likely a word of its own, and no dictionary is needed. */
const partsOf = (compound: string): string[] => {
  const word = folded(compound);
  const parts: string[] = [];
  for (let length = shortestPart; length <= Math.min(longestPart, word.length - shortestPart); length += 1) {
    parts.push(word.slice(0, length), word.slice(-length));
  }
  return parts;
};

/** The parts of the compounds in a text, so that "Frist" finds "Rückgabefrist". */
export const compoundPartsOf = (text: string): string[] =>
  (
    (isAscii(text)
      ? text.match(asciiCompounds)
      : withoutHiddenMarks(text).normalize("NFKC").match(compounds)) ?? []
  ).flatMap(partsOf);

/**
 * The different words under which a text is found: its own, and the parts of compounds.
 *
 * @param words What `wordsOf` gives of the text.
 */
export const indexWordsOf = (text: string, words: readonly string[] = wordsOf(text)): string[] => [
  ...new Set([...words, ...compoundPartsOf(text)]),
];
