import { isCommonWord } from "../../../packages/runtime/src/text/common-words.ts";
import { wordsOf } from "../../../packages/runtime/src/text/index.ts";
import type { WordTable } from "./table.ts";

// As in text/bm25.ts when the figures were made.
const saturation = 1.2;
const lengthWeight = 0.75;
const commonWeight = 0.25;

export interface Passage {
  source: string;
  text: string;
}

/**
 * The word index of the runtime, whose search also counts words near those of the question: a passage gets for each of them
 * what its best near word is worth, times the third power of the likeness.
 */
export const createNearIndex = (passages: readonly Passage[], table: WordTable | undefined) => {
  const postings = new Map<string, { place: number; weight: number }[]>();
  const counted = passages.map(({ text }) => wordsOf(text));
  const average = counted.reduce((sum, words) => sum + words.length, 0) / counted.length;
  for (const [place, words] of counted.entries()) {
    const counts = new Map<string, number>();
    for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
    for (const [word, count] of counts) {
      const length = 1 - lengthWeight + (lengthWeight * words.length) / average;
      const weight = (count * (saturation + 1)) / (count + saturation * length);
      const entries = postings.get(word) ?? [];
      if (entries.push({ place, weight }) === 1) postings.set(word, entries);
    }
  }
  const rarity = ({ length }: readonly unknown[]) =>
    Math.log(1 + (passages.length - length + 0.5) / (length + 0.5));

  const addNear = (word: string, scores: Map<number, number>) => {
    const stem = wordsOf(word)[0];
    if (stem === undefined || isCommonWord(stem)) return;
    const best = new Map<number, number>();
    const seen = new Set([stem]);
    for (const near of table?.near(word) ?? []) {
      const other = wordsOf(near.word)[0] ?? "";
      const entries = postings.get(other);
      if (!entries || seen.has(other)) continue;
      seen.add(other);
      const worth = rarity(entries) * near.likeness ** 3;
      for (const { place, weight } of entries)
        best.set(place, Math.max(best.get(place) ?? 0, worth * weight));
    }
    for (const [place, score] of best) scores.set(place, (scores.get(place) ?? 0) + score);
  };

  return {
    /** The sources of the best passages, each once. */
    search(question: string): string[] {
      const scores = new Map<number, number>();
      for (const word of new Set(wordsOf(question))) {
        const entries = postings.get(word) ?? [];
        const worth = rarity(entries) * (isCommonWord(word) ? commonWeight : 1);
        for (const { place, weight } of entries) scores.set(place, (scores.get(place) ?? 0) + worth * weight);
      }
      if (table) for (const word of new Set(question.toLowerCase().match(/[a-z]+/g))) addNear(word, scores);
      const order = [...scores].sort(([, a], [, b]) => b - a);
      return [...new Set(order.flatMap(([place]) => passages[place]?.source ?? []))];
    },
  };
};
