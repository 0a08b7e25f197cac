import { digestOf } from "../store/index.ts";
import { wordsOf } from "../text/index.ts";

/** The words that set facts apart: each is about "the user". */
export const tellingWords = (words: readonly string[]): Set<string> =>
  new Set(words.filter((word) => word !== "user"));

/**
 * A digest of what a text is about, regardless of order, case and stop words: equal for texts that say the same.
 *
 * @param words What `wordsOf` gives of the text.
 */
export const subjectOf = (text: string, words: readonly string[] = wordsOf(text)): string => {
  const different = [...new Set(words)].sort();
  return digestOf(different.length === 0 ? text.trim().toLowerCase() : different.join(" "));
};
