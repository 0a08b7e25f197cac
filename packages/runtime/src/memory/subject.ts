import { digestOf } from "../store/index.ts";
import { wordsOf } from "../text/index.ts";

/** What a text is about, whatever its order, case and little words: equal for texts that say the same. */
export const subjectOf = (text: string): string => {
  const words = [...new Set(wordsOf(text))].sort();
  return digestOf(words.length === 0 ? text.trim().toLowerCase() : words.join(" "));
};
