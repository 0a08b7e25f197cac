/** Words of any language, finding texts by them, and what a plain sentence states: below models and memory. */
export { statedFact } from "./stated-fact.ts";
export { createWordIndex, rank, type WordIndex } from "./word-index.ts";
export { wordsOf } from "./words.ts";
