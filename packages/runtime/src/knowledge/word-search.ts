import { LRUCache } from "lru-cache";
import { createTally } from "../base/index.ts";
import {
  type KnowledgeRepository,
  type KnowledgeState,
  passagesOfOne,
  type WordPlaces,
} from "../store/index.ts";
import { rarityOf } from "../text/index.ts";
import { weightUnit } from "./document-words.ts";
import type { SearchedWords } from "./question.ts";
import type { Ranking } from "./ranking.ts";

/** Documents to look at for each word, and passages that count: those in which it weighs most. */
const mostDocuments = 500;
const mostPassages = 500;
/** Passages of all these documents to choose them from, and of each at least. */
const mostCompared = 5_000;
const leastOfDocument = 10;
/** Words to search by, of those of a question: the rarest. */
const mostWords = 16;
/** The most words of a question stand in no more. */
const tally = createTally(mostWords * mostPassages);
/** Numbers of all words that are cached. */
const mostCached = 2_000_000;
const perWord = 50;
const mostFrequencies = 20_000;

/** A word and where it stands, as the ids of passages and its weights there. */
interface FoundWord {
  word: string;
  passages: number;
  ids: readonly number[];
  weights: readonly number[];
}

const foundWord = ({ word, passages, documents }: WordPlaces): FoundWord => {
  const ofDocument = Math.max(leastOfDocument, Math.floor(mostCompared / documents.length));
  const places: { id: number; weight: number }[] = [];
  for (const [document = 0, ...pairs] of documents) {
    for (let at = 0; at + 1 < Math.min(pairs.length, 2 * ofDocument); at += 2) {
      const id = document * passagesOfOne + (pairs[at] ?? 0);
      places.push({ id, weight: (pairs[at + 1] ?? 0) / weightUnit });
    }
  }
  const heaviest = places.sort((a, b) => b.weight - a.weight).slice(0, mostPassages);
  return {
    word,
    passages,
    ids: heaviest.map(({ id }) => id),
    weights: heaviest.map(({ weight }) => weight),
  };
};

/** Ranks the passages of an agent that share words with a question, by BM25. */
export type WordSearch = (state: KnowledgeState, words: SearchedWords, most: number) => Promise<Ranking>;

export const createWordSearch = (stored: Pick<KnowledgeRepository, "places" | "frequencies">): WordSearch => {
  /** By what an agent knows, its version, and the word: what has changed is not asked for again. */
  const cache = new LRUCache<string, FoundWord>({
    maxSize: mostCached,
    sizeCalculation: ({ ids }) => 2 * ids.length + perWord,
  });

  /** How many passages have a word, of words beyond those that are searched by. */
  const frequencies = new LRUCache<string, number>({ max: mostFrequencies });

  const keyOf = ({ seq, version }: KnowledgeState, word: string) => `${seq} ${version} ${word}`;

  const find = async (state: KnowledgeState, words: readonly string[]): Promise<FoundWord[]> => {
    const missing = words.filter((word) => !cache.has(keyOf(state, word)));
    if (missing.length > 0) {
      for (const places of await stored.places(state.seq, missing, mostDocuments)) {
        cache.set(keyOf(state, places.word), foundWord(places));
      }
    }
    return words.flatMap((word) => cache.get(keyOf(state, word)) ?? []);
  };

  /** Those of the words that say most. */
  const rarest = async (state: KnowledgeState, words: SearchedWords): Promise<SearchedWords> => {
    if (words.size <= mostWords) return words;
    const missing = [...words.keys()].filter((word) => !frequencies.has(keyOf(state, word)));
    if (missing.length > 0) {
      for (const { word, passages } of await stored.frequencies(state.seq, missing)) {
        frequencies.set(keyOf(state, word), passages);
      }
    }
    const telling = [...words].flatMap(([word, counts]) => {
      const having = frequencies.get(keyOf(state, word)) ?? 0;
      return having === 0 ? [] : [{ word, counts, says: counts * rarityOf(word, having, state.passages) }];
    });
    telling.sort((a, b) => b.says - a.says);
    return new Map(telling.slice(0, mostWords).map(({ word, counts }) => [word, counts]));
  };

  return async (state, words, most) => {
    const chosen = await rarest(state, words);
    const found = await find(state, [...chosen.keys()]);
    tally.clear();
    for (const { word, passages, ids, weights } of found) {
      const counts = rarityOf(word, passages, state.passages) * (chosen.get(word) ?? 0);
      for (const [place, id] of ids.entries()) tally.add(id, counts * (weights[place] ?? 0));
    }
    return tally.greatest(most);
  };
};
