import { isCommonWord } from "./common-words.ts";
import { compoundPartsOf, wordsOf } from "./words.ts";

/** An index of texts by their words, with BM25 scores. */
interface WordIndex<Item> {
  add(item: Item): void;
  /** The items that share words with the query, best first. */
  search(words: readonly string[], limit: number): Item[];
  readonly size: number;
}

// The usual constants of BM25, k1 and b: how fast repeats of a word stop counting, and how much long texts are marked
// down.
const saturation = 1.2;
const lengthWeight = 0.75;

/**
 * What a word counts that is common in its language. Among documents in several languages it is rare, and would count as much
 * as what a question is about; yet it says in which language to look.
 */
const commonWeight = 0.25;

/** @param textOf The text of an item, whose words it is found by. */
const createWordIndex = <Item>(textOf: (item: Item) => string): WordIndex<Item> => {
  const items: { item: Item; length: number }[] = [];
  const postings = new Map<string, Map<number, number>>();
  let totalLength = 0;

  return {
    get size() {
      return items.length;
    },
    add(item) {
      const text = textOf(item);
      const words = wordsOf(text);
      const position = items.push({ item, length: words.length }) - 1;
      totalLength += words.length;
      // Parts make no text longer.
      for (const word of [...words, ...compoundPartsOf(text)]) {
        const entries = postings.get(word) ?? new Map<number, number>();
        postings.set(word, entries.set(position, (entries.get(position) ?? 0) + 1));
      }
    },
    search(words, limit) {
      const averageLength = totalLength / items.length;
      const scores = new Map<number, number>();
      for (const word of new Set(words)) {
        const entries = postings.get(word);
        if (!entries) continue;
        const rarity =
          Math.log(1 + (items.length - entries.size + 0.5) / (entries.size + 0.5)) *
          (isCommonWord(word) ? commonWeight : 1);
        for (const [position, count] of entries) {
          const relativeLength = (items[position]?.length ?? 0) / averageLength;
          const weight =
            (count * (saturation + 1)) /
            (count + saturation * (1 - lengthWeight + lengthWeight * relativeLength));
          scores.set(position, (scores.get(position) ?? 0) + rarity * weight);
        }
      }
      return [...scores]
        .sort(([, a], [, b]) => b - a)
        .slice(0, limit)
        .flatMap(([position]) => items[position]?.item ?? []);
    },
  };
};

/** The items that share words, best first. */
export const rank = <Item>(
  words: readonly string[],
  items: readonly Item[],
  textOf: (item: Item) => string,
): Item[] => {
  const index = createWordIndex(textOf);
  for (const item of items) index.add(item);
  return index.search(words, items.length);
};
