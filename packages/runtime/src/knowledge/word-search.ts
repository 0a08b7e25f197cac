import { lazy } from "@muxi/protocol";
import { LRUCache } from "lru-cache";
import { createTally } from "../base/index.ts";
import {
  type KnowledgeRepository,
  type KnowledgeState,
  passagesOfOne,
  type WordPlaces,
} from "../store/index.ts";
import { isCommonWord, rarityOf } from "../text/index.ts";
import { weightUnit } from "./document-words.ts";
import type { NearWord, NearWords } from "./near-words.ts";
import type { Question, SearchedWords } from "./question.ts";
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
const tally = lazy(() => createTally(mostWords * mostPassages));
/** Numbers of all words that are cached. */
const mostCached = 2_000_000;
const perWord = 50;
const mostFrequencies = 20_000;
/** Passages that count of each word that stands in for another: those in which it weighs most. */
const mostOfStandIn = 25;

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

/**
 * Ranks the passages of an agent that share words with a question, by BM25.
 *
 * @param within Only these documents are looked at.
 */
export type WordSearch = (
  state: KnowledgeState,
  question: Question,
  most: number,
  within?: readonly number[],
) => Promise<Ranking>;

/** @param nearWords Words that may stand in for those that no passage has. */
export const createWordSearch = (
  stored: Pick<KnowledgeRepository, "places" | "frequencies">,
  nearWords?: NearWords,
): WordSearch => {
  /** By what an agent knows, its version, and the word: what has changed is not asked for again. */
  const cache = new LRUCache<string, FoundWord>({
    maxSize: mostCached,
    sizeCalculation: ({ ids }) => 2 * ids.length + perWord,
  });

  /** How many passages have a word, of words beyond those that are searched by. */
  const frequencies = new LRUCache<string, number>({ max: mostFrequencies });

  const keyOf = ({ seq, version }: KnowledgeState, word: string) => `${seq} ${version} ${word}`;

  const find = async (
    state: KnowledgeState,
    words: readonly string[],
    within: readonly number[] | undefined,
  ): Promise<FoundWord[]> => {
    if (within) return (await stored.places(state.seq, words, mostDocuments, within)).map(foundWord);
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

  /**
   * For words that no passage has, what their stand-ins are worth in each passage: the best of them, by BM25, times the square
   * of their likeness.
   */
  const standIns = async (
    state: KnowledgeState,
    near: ReadonlyMap<string, readonly NearWord[]>,
    within: readonly number[] | undefined,
  ): Promise<{ word: string; worth: ReadonlyMap<number, number> }[]> => {
    const words = new Set([...near.values()].flatMap((some) => some.map(({ word }) => word)));
    if (words.size === 0) return [];
    const found = new Map((await find(state, [...words], within)).map((each) => [each.word, each]));
    return [...near].map(([word, some]) => {
      const worth = new Map<number, number>();
      for (const { word: other, likeness } of some) {
        const { passages = 0, ids = [], weights = [] } = found.get(other) ?? {};
        const counts = rarityOf(other, passages, state.passages) * likeness ** 2;
        for (const [place, id] of ids.slice(0, mostOfStandIn).entries()) {
          worth.set(id, Math.max(worth.get(id) ?? 0, counts * (weights[place] ?? 0)));
        }
      }
      return { word, worth };
    });
  };

  return async (state, { words, text }, most, within) => {
    const chosen = await rarest(state, words);
    const found = await find(state, [...chosen.keys()], within);
    const absent = new Set(
      found.flatMap(({ word, passages }) => (passages === 0 && !isCommonWord(word) ? [word] : [])),
    );
    const others =
      absent.size === 0 || !nearWords ? [] : await standIns(state, await nearWords(text, absent), within);
    const { clear, add, greatest } = tally();
    clear();
    for (const { word, passages, ids, weights } of found) {
      const counts = rarityOf(word, passages, state.passages) * (chosen.get(word) ?? 0);
      for (const [place, id] of ids.entries()) add(id, counts * (weights[place] ?? 0));
    }
    for (const { word, worth } of others) {
      for (const [id, amount] of worth) add(id, amount * (chosen.get(word) ?? 0));
    }
    return greatest(most);
  };
};
