import type { Candidate, MemoryRepository, Space } from "../store/index.ts";
import { firstOf } from "./first-of.ts";
import type { VectorSearch } from "./vectors.ts";

/** Most memories to look at for each word. A word that more of them have says little about any. */
const newestPerWord = 100;
/**
 * Memories to read and rank for each one that is wanted. Recency and importance cannot lift one from further down to
 * the top.
 */
const rankedForOne = 4;
const mostRanked = 40;

/**
 * Reciprocal rank fusion: how slowly a lower place loses weight, and the weights of recency and importance beside words
 * and meaning, together the 0.3 of docs/spec/formation-files.md "Recall".
 */
const damping = 10;
const recencyWeight = 0.2;
const importanceWeight = 0.1;

export interface MemorySearch {
  /**
   * The memories of some spaces that are relevant to a text, best first.
   *
   * @param words The words of the text that matter, each once.
   * @param wanted How many will be used. More may be returned, less well ranked.
   */
  find(
    spaces: readonly Space[],
    text: string,
    words: readonly string[],
    wanted: number,
  ): Promise<Candidate[]>;
}

/** How much texts longer than the others are marked down, since they share words by chance. */
const lengthWeight = 0.5;

interface Scored {
  seq: number;
  score: number;
}

/** The memories that share most words, given those of each word. A rare word counts for more than a common one. */
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

/** Memories ranked by shared words, best first, from the scores of their words: their texts are not split again. */
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
 * Fuses several rankings of the found memories by reciprocal rank: what ranks high in several of them wins.
 *
 * @param scores Scores by words, of the memories that share any.
 * @param alike Memories near in meaning, nearest first.
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
    return found.length === 0 ? [] : inOrder(found, scores, alike);
  },
});
