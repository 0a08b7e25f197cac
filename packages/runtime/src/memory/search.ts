import type { Candidate, MemoryRepository, Space } from "../store/index.ts";
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
 * meaning; together they have the 0.3 of contract/formation.md 7.4.
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

/** The first of some items in an order, without putting all of them into it. */
const firstOf = <Item>(items: readonly Item[], most: number, order: (a: Item, b: Item) => number): Item[] => {
  const first: Item[] = [];
  for (const item of items) {
    let place = first.length;
    for (let above = first[place - 1]; above && order(item, above) < 0; above = first[place - 1]) place -= 1;
    if (place === most) continue;
    first.splice(place, 0, item);
    if (first.length > most) first.pop();
  }
  return first;
};

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

/** The candidates that share words, best first. What they share is known: their texts are not taken apart again. */
const byWords = (candidates: readonly Candidate[], scores: ReadonlyMap<number, number>): Candidate[] => {
  const sharing = candidates.filter(({ seq }) => scores.has(seq));
  const length = sharing.reduce((sum, { content }) => sum + content.length, 0) / sharing.length;
  const marked = sharing.map((candidate) => ({
    candidate,
    score:
      (scores.get(candidate.seq) ?? 0) /
      (1 - lengthWeight + (lengthWeight * candidate.content.length) / length),
  }));
  return marked.sort((a, b) => b.score - a.score).map(({ candidate }) => candidate);
};

/**
 * Joins rankings of the same things by reciprocal rank: what stands high in several of them wins.
 *
 * @returns The items that a ranking with `finds` holds, best first; the other rankings only order them.
 */
export const fuse = <Item>(
  rankings: readonly { items: readonly Item[]; weight: number; finds: boolean }[],
): Item[] => {
  const scores = new Map<Item, number>();
  for (const { items, weight, finds } of [...rankings].sort((a, b) => Number(b.finds) - Number(a.finds))) {
    items.forEach((item, place) => {
      const score = scores.get(item);
      if (score === undefined && !finds) return;
      scores.set(item, (score ?? 0) + weight / (damping + place));
    });
  }
  return [...scores].sort(([, a], [, b]) => b - a).map(([item]) => item);
};

/** Search by words and, where there is an embedding model, by meaning (contract/formation.md 7.4, 7.5). */
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
    if (found.length === 0) return [];
    const bySeq = new Map(found.map((candidate) => [candidate.seq, candidate]));
    const newestFirst = found.sort((a, b) => b.updatedAt - a.updatedAt || b.seq - a.seq);
    return fuse([
      { items: byWords(newestFirst, scores), weight: 1, finds: true },
      { items: alike.flatMap((seq) => bySeq.get(seq) ?? []), weight: 1, finds: true },
      { items: newestFirst, weight: recencyWeight, finds: false },
      {
        items: newestFirst.toSorted((a, b) => b.importance - a.importance),
        weight: importanceWeight,
        finds: false,
      },
    ]);
  },
});
