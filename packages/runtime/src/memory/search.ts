import { lazy } from "@muxi/protocol";
import { createTally } from "../base/index.ts";
import type { Candidate, MemoryRepository, Space } from "../store/index.ts";
import { otherStemsOf } from "../text/index.ts";
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
   * The memories of some spaces that are relevant to a text, best first, and among them all that are pinned.
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

/** The most words of a message and of a batch of turns, in two spaces, find fewer memories. */
const tally = lazy(() => createTally(8_192));

/** The memories that share most words, given those of each word. A rare word counts for more than a common one. */
const scoresOf = (matches: readonly (readonly number[])[], most: number): Map<number, number> => {
  const { clear, add, greatest } = tally();
  clear();
  for (const seqs of matches) {
    const rarity = Math.log(1 + (10 * newestPerWord) / seqs.length);
    for (const seq of seqs) add(seq, rarity);
  }
  return greatest(most);
};

interface Ranked {
  memory: Candidate;
  /** By shared words, marked down for length; 0 without any. */
  byWords: number;
  score: number;
}

const newestFirst = (a: Ranked, b: Ranked): number =>
  b.memory.updatedAt - a.memory.updatedAt || b.memory.seq - a.memory.seq;
const importantFirst = (a: Ranked, b: Ranked): number =>
  b.memory.importance - a.memory.importance || newestFirst(a, b);
const wordsFirst = (a: Ranked, b: Ranked): number => b.byWords - a.byWords || newestFirst(a, b);
const bestFirst = (a: Ranked, b: Ranked): number => b.score - a.score || newestFirst(a, b);

/** Sets the scores by words: the texts are not split again. */
const markByWords = (ranking: readonly Ranked[], scores: ReadonlyMap<number, number>): void => {
  let length = 0;
  let sharing = 0;
  for (const { memory } of ranking) {
    if (!scores.has(memory.seq)) continue;
    length += memory.content.length;
    sharing += 1;
  }
  for (const ranked of ranking) {
    const score = scores.get(ranked.memory.seq) ?? 0;
    const share = (ranked.memory.content.length * sharing) / length;
    ranked.byWords = score === 0 ? 0 : score / (1 - lengthWeight + lengthWeight * share);
  }
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
  const ranking = found.map((memory): Ranked => ({ memory, byWords: 0, score: 0 }));
  const count = (ranked: readonly Ranked[], weight: number) => {
    let place = damping;
    for (const each of ranked) {
      each.score += weight / place;
      place += 1;
    }
  };
  count(ranking.sort(newestFirst), recencyWeight);
  count(ranking.sort(importantFirst), importanceWeight);
  markByWords(ranking, scores);
  count(
    ranking.sort(wordsFirst).filter(({ byWords }) => byWords > 0),
    1,
  );
  if (alike.length > 0) {
    const bySeq = new Map(ranking.map((ranked) => [ranked.memory.seq, ranked]));
    count(
      alike.flatMap((seq) => bySeq.get(seq) ?? []),
      1,
    );
  }
  return ranking.sort(bestFirst).map(({ memory }) => memory);
};

/** Search by words and, where there is an embedding model, by meaning (docs/spec/formation-files.md "Recall"). */
export const createMemorySearch = (deps: {
  memories: MemoryRepository;
  vectors: VectorSearch | undefined;
  now: () => number;
}): MemorySearch => ({
  async find(spaces, text, words, wanted) {
    const now = deps.now();
    const most = Math.min(wanted * rankedForOne, mostRanked);
    const near = deps.vectors && words.length > 1 ? deps.vectors.nearest(spaces, text, most) : [];
    const { byWord, pinned } = await deps.memories.matches(
      spaces,
      [...new Set([...words, ...otherStemsOf(text, words)])],
      newestPerWord,
      now,
    );
    const scores = scoresOf(byWord, most);
    const alike = await near;
    const seqs = [...new Set([...scores.keys(), ...alike, ...pinned])];
    const found = await deps.memories.candidates(spaces, seqs);
    const alive = found.filter(({ expiresAt }) => expiresAt === null || expiresAt > now);
    return alive.length === 0 ? [] : inOrder(alive, scores, alike);
  },
});
