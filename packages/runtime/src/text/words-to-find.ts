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
