import { rarityOf, weightIn } from "./bm25.ts";
import { compoundPartsOf, wordsOf } from "./words.ts";

/** The items that share words, best first, by BM25. */
export const rank = <Item>(
  words: readonly string[],
  items: readonly Item[],
  textOf: (item: Item) => string,
): Item[] => {
  const counted = items.map((item) => {
    const text = textOf(item);
    const own = wordsOf(text);
    const counts = new Map<string, number>();
    // Parts make no text longer.
    for (const word of [...own, ...compoundPartsOf(text)]) counts.set(word, (counts.get(word) ?? 0) + 1);
    return { item, counts, length: own.length, score: 0 };
  });
  const usual = counted.reduce((sum, { length }) => sum + length, 0) / items.length;
  for (const word of new Set(words)) {
    const having = counted.filter(({ counts }) => counts.has(word));
    const rarity = rarityOf(word, having.length, items.length);
    for (const each of having) {
      each.score += rarity * weightIn(each.counts.get(word) ?? 0, each.length / usual);
    }
  }
  return counted
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score)
    .map(({ item }) => item);
};
