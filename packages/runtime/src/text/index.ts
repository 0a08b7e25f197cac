/** The words of a text, search by words, the facts that plain sentences state, and quotations: below models and memory. */
export { rarityOf, weightIn } from "./bm25.ts";
export { isCommonWord, topicWordsOf } from "./common-words.ts";
export { folded, isAscii } from "./folding.ts";
export { jobOrderIn, speaksOfJobs } from "./job-orders.ts";
export { memoryOrderIn, speaksOfMemory } from "./memory-orders.ts";
export { onOneLine, quoted } from "./quotation.ts";
export { rank } from "./rank.ts";
export { statedFact } from "./stated-fact.ts";
export { wordStartsIn } from "./word-starts.ts";
export { compoundPartsOf, indexWordsOf, isEastAsian, wordsOf, wordsVersion } from "./words.ts";
export { otherStemsOf, wordsToFind } from "./words-to-find.ts";
