import type { DocumentPassage } from "@muxi/documents";
import { LRUCache } from "lru-cache";
import { createTally } from "../base/index.ts";
import {
  type KnowledgeRepository,
  type KnowledgeState,
  passagesOfOne,
  type StoredPassage,
  type WordPlaces,
} from "../store/index.ts";
import { rarityOf, wordsToFind } from "../text/index.ts";
import { weightUnit } from "./document-words.ts";
import type { KnowledgePassage, SearchOptions } from "./place.ts";

/** Documents to look at for each word, and passages that count: those in which it weighs most. */
const mostDocuments = 500;
const mostPassages = 500;
/** Passages of all these documents to choose them from, and of each at least. */
const mostCompared = 5_000;
const leastOfDocument = 10;
/** The most words of a question stand in no more. */
const tally = createTally(16 * mostPassages);
/** Passages to look up for each one that is wanted: those of documents that are being written or replaced fall out. */
const lookedUp = 3;
/** Numbers of all words that are cached. */
const mostCached = 2_000_000;
const perWord = 50;

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

const passageOf = ({ id, content, place, source }: StoredPassage, score: number): KnowledgePassage => {
  const stands = JSON.parse(place) as Omit<DocumentPassage, "text">;
  return { ...stands, id, document: Math.floor(id / passagesOfOne), source, score, text: content };
};

/** Finds passages by their words, with BM25 (docs/spec/formation-files.md "Knowledge"). */
export type KnowledgeSearch = (
  agentId: string,
  question: string,
  options: SearchOptions,
) => Promise<KnowledgePassage[]>;

export const createKnowledgeSearch = (formationId: string, stored: KnowledgeRepository): KnowledgeSearch => {
  /** By what an agent knows, its version, and the word: what has changed is not asked for again. */
  const cache = new LRUCache<string, FoundWord>({
    maxSize: mostCached,
    sizeCalculation: ({ ids }) => 2 * ids.length + perWord,
  });

  const find = async ({ seq, version }: KnowledgeState, words: readonly string[]): Promise<FoundWord[]> => {
    const keyOf = (word: string) => `${seq} ${version} ${word}`;
    const missing = words.filter((word) => !cache.has(keyOf(word)));
    if (missing.length > 0) {
      for (const places of await stored.places(seq, missing, mostDocuments)) {
        cache.set(keyOf(places.word), foundWord(places));
      }
    }
    return words.flatMap((word) => cache.get(keyOf(word)) ?? []);
  };

  return async (agentId, question, { limit }) => {
    const words = wordsToFind(question);
    if (words.length === 0) return [];
    const state = await stored.state(formationId, agentId);
    if (!state || state.passages === 0) return [];
    const found = await find(state, words);
    tally.clear();
    for (const { word, passages, ids, weights } of found) {
      const rarity = rarityOf(word, passages, state.passages);
      for (const [place, id] of ids.entries()) tally.add(id, rarity * (weights[place] ?? 0));
    }
    const best = tally.greatest(limit * lookedUp);
    if (best.size === 0) return [];
    const rows = new Map((await stored.passages([...best.keys()])).map((row) => [row.id, row]));
    return [...best]
      .flatMap(([id, score]) => {
        const row = rows.get(id);
        return row ? [passageOf(row, score)] : [];
      })
      .slice(0, limit);
  };
};
