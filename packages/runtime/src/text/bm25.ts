import { isCommonWord } from "./common-words.ts";

// The usual constants of BM25, k1 and b: how fast repeats of a word stop counting, and how much long texts are marked
// down.
const saturation = 1.2;
const lengthWeight = 0.75;

/**
 * What a word counts that is common in its language. Among documents in several languages it is rare, and would count as much
 * as what a question is about; yet it says in which language to look.
 */
const commonWeight = 0.25;

/**
 * How much a word weighs in a text, before it is multiplied with its rarity.
 *
 * @param count How often it stands there.
 * @param length Of the text, as a multiple of the usual one.
 */
export const weightIn = (count: number, length: number): number =>
  (count * (saturation + 1)) / (count + saturation * (1 - lengthWeight + lengthWeight * length));

/** How much a word says, given how many of all texts have it. */
export const rarityOf = (word: string, having: number, all: number): number =>
  Math.log(1 + (Math.max(0, all - having) + 0.5) / (having + 0.5)) * (isCommonWord(word) ? commonWeight : 1);
