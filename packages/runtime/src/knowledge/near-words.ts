import { readFile } from "node:fs/promises";
import { isObject } from "@muxi/protocol";
import { LRUCache } from "lru-cache";
import { wordsOf } from "../text/index.ts";

/** A word that is used like another, as it is searched for, and how much so: 0 to 1. */
export interface NearWord {
  word: string;
  likeness: number;
}

/** The words that are used like some words of a text, by these; none for those that no table has. */
export type NearWords = (
  text: string,
  words: ReadonlySet<string>,
) => Promise<ReadonlyMap<string, readonly NearWord[]>>;

const packageName = "@muxi/near-words";
/** Words whose near ones are kept as they are searched for: to find the stems again takes longer than the search. */
const mostKept = 2_000;
/** Words of a text that are looked up. */
const mostLookedUp = 200;

/** Words of nearly every English question, and words of other languages: those of some are English words too. */
const english =
  /\b(?:the|what|how|when|where|which|who|why|does|are|should|with|you|this|that|there|from)\b/i;
const foreign =
  /[^\0-\x7f]|\b(?:der|das|und|ist|wie|ein|eine|nicht|le|la|les|des|du|est|une|el|los|las|de|del|que|en|un|una|il|di|che|per|come|como|para|com|het|een|van|voor|och|att|jag|nie|jest)\b/i;

/** Numbers that are stored after one another, from `at` on. Copied: they need not be aligned. */
const numbersAt = (bytes: Buffer, at: number, count: number, size: number): ArrayBuffer => {
  const copy = new ArrayBuffer(count * size);
  new Uint8Array(copy).set(bytes.subarray(at, at + count * size));
  return copy;
};

/** Reads a table as packages/near-words/README.md describes it. */
const readTable = async (file: URL): Promise<(word: string) => NearWord[]> => {
  const bytes = await readFile(file);
  const [count = 0, characters = 0, pairs = 0] = new Uint32Array(numbersAt(bytes, 0, 3, 4));
  const startsAt = 12;
  const wordsAt = startsAt + (count + 1) * 4;
  const likenessAt = wordsAt + pairs * 2;
  const textAt = likenessAt + pairs;
  const starts = new Uint32Array(numbersAt(bytes, startsAt, count + 1, 4));
  const near = new Uint16Array(numbersAt(bytes, wordsAt, pairs, 2));
  const words = bytes.toString("latin1", textAt, textAt + characters).split("\n");
  const places = new Map(words.map((word, place) => [word, place]));
  const kept = new LRUCache<string, NearWord[]>({ max: mostKept });

  return (word) => {
    const place = places.get(word);
    if (place === undefined) return [];
    const known = kept.get(word);
    if (known) return known;
    const found: NearWord[] = [];
    for (let pair = starts[place] ?? 0; pair < (starts[place + 1] ?? 0); pair++) {
      const [stem] = wordsOf(words[near[pair] ?? 0] ?? "");
      if (stem !== undefined) found.push({ word: stem, likeness: (bytes[likenessAt + pair] ?? 0) / 255 });
    }
    kept.set(word, found);
    return found;
  };
};

/**
 * English words that are used alike, where the package that lists them is installed (docs/spec/formation-files.md "Search"). It is
 * loaded when it is first needed.
 */
export const createNearWords = (importPackage: (name: string) => Promise<unknown>): NearWords => {
  let loading: Promise<(word: string) => NearWord[]> | undefined;

  const load = async () => {
    try {
      const module = await importPackage(packageName);
      if (isObject(module) && module.english instanceof URL) return await readTable(module.english);
    } catch {
      // Where the package is missing or damaged, words are found as they are written.
    }
    return () => [];
  };

  return async (text, words) => {
    if (!english.test(text) && foreign.test(text)) return new Map();
    loading ??= load();
    const nearTo = await loading;
    const found = new Map<string, NearWord[]>();
    let lookedUp = 0;
    for (const [written] of text.toLowerCase().matchAll(/[a-z]{2,}/g)) {
      if (lookedUp === mostLookedUp) break;
      lookedUp += 1;
      const [stem] = wordsOf(written);
      if (stem === undefined || found.has(stem) || !words.has(stem)) continue;
      found.set(
        stem,
        nearTo(written).filter(({ word }) => word !== stem),
      );
    }
    return found;
  };
};
