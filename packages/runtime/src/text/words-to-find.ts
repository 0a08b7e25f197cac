import { isCommonWord } from "./common-words.ts";
import { wordsOf } from "./words.ts";

/** Most words of a message to look up: more would find nothing better. */
const mostToFind = 16;

/**
 * The different words of a message by which to look something up. Of a long one, those that are common in their language are
 * left out first.
 */
export const wordsToFind = (message: string): string[] => {
  const words = [...new Set(wordsOf(message))];
  if (words.length <= mostToFind) return words;
  const telling = words.filter((word) => !isCommonWord(word));
  return [...telling, ...words.filter(isCommonWord)].slice(0, mostToFind);
};

const letters = /[a-z]+/g;

/** The stem of an English verb whose e an ending has taken: "drive" of "driving", "move" of "moved". */
const withItsE = (word: string): string[] => {
  if (word.length > 5 && word.endsWith("ing")) return [`${word.slice(0, -3)}e`];
  return word.length > 4 && word.endsWith("ed") ? [word.slice(0, -1)] : [];
};

/**
 * Other stems under which the words of a text may be stored, since an ending hides another one or an e: "sibl" for
 * "siblings", "drive" for "driving".
 *
 * @param words What `wordsOf` gives of the text.
 */
export const otherStemsOf = (text: string, words: readonly string[]): string[] => [
  ...words.flatMap((word) => {
    if (word.length > 5 && word.endsWith("ing")) return [word.slice(0, -3)];
    return word.length > 3 && word.endsWith("e") ? [word.slice(0, -1)] : [];
  }),
  ...(text.toLowerCase().match(letters) ?? []).flatMap(withItsE),
];
