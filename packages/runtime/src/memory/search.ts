import type { Candidate, MemoryRepository, Space } from "../store/index.ts";
import { firstOf } from "./first-of.ts";
import type { VectorSearch } from "./vectors.ts";

/** Memories of each word that are looked at: a word that more of them have tells few of them apart. */
const newestPerWord = 100;
/**
 * Memories that are read and ranked for each that is wanted: recency and importance do not lift among those what stands
 * further down by words and by meaning.
 */
const rankedForOne = 4;
const mostRanked = 40;

/**
 * How fast a place further down stops to count, and what recency and importance weigh beside the words and the
 * meaning; together they have the 0.3 of docs/spec/formation-files.md "Recall".
 */
const damping = 10;
const recencyWeight = 0.2;
const importanceWeight = 0.1;

export interface MemorySearch {
  /**
   * The memories of some spaces that fit a text, best first.
   *
   * @param wanted How many are put to use. More may be found, less well ranked.
   */
  find(
    spaces: readonly Space[],
    text: string,
    words: readonly string[],
    wanted: number,
  ): Promise<Candidate[]>;
}

/** How far a text longer than the others is marked down: it shares words by chance. */
const lengthWeight = 0.5;

interface Scored {
  seq: number;
  score: number;
}

/** The memories that share most words, given those of each word: a rare word counts more than a common one. */
const scoresOf = (matches: readonly (readonly number[])[], most: number): Map<number, number> => {
  const scored = new Map<number, Scored>();
  for (const seqs of matches) {
    const rarity = Math.log(1 + (10 * newestPerWord) / seqs.length);
    for (const seq of seqs) {
      const known = scored.get(seq);
      if (known) known.score += rarity;
      else scored.set(seq, { seq, score: rarity });
    }
  }
  const best = firstOf([...scored.values()], most, (a, b) => b.score - a.score || b.seq - a.seq);
  return new Map(best.map(({ seq, score }) => [seq, score]));
};

interface Ranked {
  memory: Candidate;
  score: number;
}

/** By words, best first. What they share is known: their texts are not taken apart again. */
const byWords = (sharing: readonly Ranked[], scores: ReadonlyMap<number, number>): Ranked[] => {
  const length = sharing.reduce((sum, { memory }) => sum + memory.content.length, 0) / sharing.length;
  const marked = sharing.map((ranked) => ({
    ranked,
    score:
      (scores.get(ranked.memory.seq) ?? 0) /
      (1 - lengthWeight + (lengthWeight * ranked.memory.content.length) / length),
  }));
  return marked.sort((a, b) => b.score - a.score).map(({ ranked }) => ranked);
};

/**
 * Joins the rankings of what was found by reciprocal rank: what stands high in several of them wins.
 *
 * @param scores Of those that share words.
 * @param alike Those whose meaning is near, nearest first.
 */
export const inOrder = (
  found: readonly Candidate[],
  scores: ReadonlyMap<number, number>,
  alike: readonly number[],
): Candidate[] => {
  const newestFirst = found
    .map((memory): Ranked => ({ memory, score: 0 }))
    .sort((a, b) => b.memory.updatedAt - a.memory.updatedAt || b.memory.seq - a.memory.seq);
  const count = (ranking: readonly Ranked[], weight: number) => {
    for (const [place, ranked] of ranking.entries()) ranked.score += weight / (damping + place);
  };
  count(newestFirst, recencyWeight);
  count(
    newestFirst.toSorted((a, b) => b.memory.importance - a.memory.importance),
    importanceWeight,
  );
  count(
    byWords(
      newestFirst.filter(({ memory }) => scores.has(memory.seq)),
      scores,
    ),
    1,
  );
  const bySeq = new Map(alike.length > 0 ? newestFirst.map((ranked) => [ranked.memory.seq, ranked]) : []);
  count(
    alike.flatMap((seq) => bySeq.get(seq) ?? []),
    1,
  );
  return newestFirst.sort((a, b) => b.score - a.score).map(({ memory }) => memory);
};

/** Search by words and, where there is an embedding model, by meaning (docs/spec/formation-files.md "Recall"). */
export const createMemorySearch = (deps: {
  memories: MemoryRepository;
  vectors: VectorSearch | undefined;
}): MemorySearch => ({
  async find(spaces, text, words, wanted) {
    const most = Math.min(wanted * rankedForOne, mostRanked);
    const near = deps.vectors && words.length > 1 ? deps.vectors.nearest(spaces, text, most) : [];
    const scores = scoresOf(await deps.memories.matches(spaces, words, newestPerWord), most);
    const alike = await near;
    const found = await deps.memories.candidates(spaces, [...new Set([...scores.keys(), ...alike])]);
    return inOrder(found, scores, alike);
  },
});
