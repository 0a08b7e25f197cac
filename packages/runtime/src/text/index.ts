/** The words of a text, search by words, and the facts that plain sentences state: below models and memory. */
export { topicWordsOf } from "./common-words.ts";
export { statedFact } from "./stated-fact.ts";
export { createWordIndex, rank, type WordIndex } from "./word-index.ts";
export { indexWordsOf, isEastAsian, wordsOf, wordsToFind, wordsVersion } from "./words.ts";
