/** The words of a text, search by words, the facts that plain sentences state, and quotations: below models and memory. */
export { topicWordsOf } from "./common-words.ts";
export { folded, isAscii } from "./folding.ts";
export { onOneLine, quoted } from "./quotation.ts";
export { statedFact } from "./stated-fact.ts";
export { rank } from "./word-index.ts";
export { compoundPartsOf, indexWordsOf, isEastAsian, wordsOf, wordsToFind, wordsVersion } from "./words.ts";
