import { digestOf } from "../store/index.ts";
import { wordsOf } from "../text/index.ts";

/** A digest of what a text is about, regardless of order, case and stop words: equal for texts that say the same. */
export const subjectOf = (text: string): string => {
  const words = [...new Set(wordsOf(text))].sort();
  return digestOf(words.length === 0 ? text.trim().toLowerCase() : words.join(" "));
};
