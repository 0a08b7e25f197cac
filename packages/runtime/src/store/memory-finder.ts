import type { SpaceContents } from "./cached-space.ts";
import type { Database } from "./database/index.ts";
import { list, type Statement, sql } from "./database/index.ts";
import { type Candidate, isAlive, type Matches, type Space } from "./memory-rows.ts";
import { createSpaceCache, type SpaceCache } from "./space-cache.ts";

/** Finds memories by their words: in the cache where the database tells when it changes, else in the database. */
export interface MemoryFinder {
  /**
   * The memories that contain each word in each space, and those that are pinned there and have not expired.
   *
   * @param perWord Maximum number per word, so that a search in a large space costs no more.
   */
  matches(spaces: readonly Space[], words: readonly string[], perWord: number, now: number): Promise<Matches>;
  candidates(spaces: readonly Space[], seqs: readonly number[]): Promise<Candidate[]>;
  /** To be called when a memory was written. */
  written(space: Space, memory: Candidate, words: readonly string[]): void;
  /** To be called when memories of a space were deleted. */
  deleted(space: Space): void;
}

/** Most pinned memories of a space that are recalled, each of which takes room in every prompt, and never make room. */
export const mostPinned = 20;

/** Parsing all lists as one JSON text takes a third of the time that splitting them does. */
const numbersOf = (texts: readonly string[]): number[][] => JSON.parse(`[[${texts.join("],[")}]]`);

const none: readonly number[] = [];

export const createMemoryFinder = (db: Database): MemoryFinder => {
  const candidatesFrom = (rest: Statement) =>
    db.read<Candidate>(sql`select seq, subject, content, importance, updated_at as "updatedAt", pinned, expires_at as "expiresAt"
      from ${rest}`);

  const readSpace = async (space: Space, most: number): Promise<SpaceContents | undefined> => {
    const memories = await candidatesFrom(sql`memory where space = ${space} order by seq limit ${most + 1}`);
    if (memories.length > most) return undefined;
    const rows = await db.read<{ word: string; seqs: string }>(
      sql`select word, string_agg(cast(memory_seq as text), ',') as seqs
        from (select word, memory_seq from memory_word where space = ${space} order by word, memory_seq) as sorted
        group by word`,
    );
    const seqs = numbersOf(rows.map((row) => row.seqs));
    return { memories, words: rows.map(({ word }, place) => ({ word, seqs: seqs[place] ?? [] })) };
  };

  const cache = db.dataVersion && createSpaceCache(db.dataVersion, readSpace);

  const divide: SpaceCache["divide"] = (spaces) =>
    cache ? cache.divide(spaces) : Promise.resolve({ cached: [], others: [...spaces] });

  const readMatches = async (
    spaces: readonly Space[],
    words: readonly string[],
    perWord: number,
    now: number,
  ): Promise<Matches> => {
    const held = db.dialect.textsOf(JSON.stringify(spaces));
    // One row per word: making thousands of rows would take longer than the search. Postgres would answer `exists` by
    // reading the words of all spaces; ordered, it must use the index.
    const rows = await db.read<{ pinned: number; seqs: string | null }>(
      sql`select 0 as pinned, (select string_agg(cast(memory_seq as text), ',')
          from (select memory_seq from memory_word
            where memory_word.space = held.value and memory_word.word = listed.value
            order by memory_seq desc limit ${perWord}) as newest) as seqs
        from ${held} as held, ${db.dialect.textsOf(JSON.stringify(words))} as listed
        where (select word from memory_word where memory_word.space = held.value
            order by word limit 1) is not null
        union all
        select 1, (select string_agg(cast(seq as text), ',')
          from (select seq from memory where space = held.value and pinned = 1 and ${isAlive(now)}
            order by seq desc limit ${mostPinned}) as newest)
        from ${held} as held`,
    );
    const listsOf = (kind: number) =>
      numbersOf(rows.flatMap(({ pinned, seqs }) => (pinned === kind ? (seqs ?? []) : [])));
    return { byWord: listsOf(0), pinned: listsOf(1).flat() };
  };

  return {
    async matches(spaces, words, perWord, now) {
      const { cached, others } = await divide(spaces);
      const { byWord, pinned } =
        others.length > 0 ? await readMatches(others, words, perWord, now) : { byWord: [], pinned: none };
      if (cached.length === 0) return { byWord, pinned };
      const allPinned = [...pinned];
      for (const space of cached) {
        for (const word of words) {
          const seqs = space.containing(word, perWord);
          if (seqs.length > 0) byWord.push(seqs);
        }
        allPinned.push(...space.pinned(mostPinned, now));
      }
      return { byWord, pinned: allPinned };
    },

    async candidates(spaces, seqs) {
      if (seqs.length === 0) return [];
      const { cached, others } = await divide(spaces);
      const found: Candidate[] = [];
      for (const space of cached) {
        for (const seq of seqs) {
          const memory = space.memory(seq);
          if (memory) found.push(memory);
        }
      }
      if (others.length === 0) return found;
      // Joined with a list of unknown length, Postgres would read all memories of the user, and so it would by their space.
      const rows = await candidatesFrom(
        sql`memory where seq ${db.dialect.isOneOf(seqs)} and coalesce(space, '') in (${list(others)})`,
      );
      return [...found, ...rows];
    },

    written: (space, memory, words) => cache?.put(space, memory, words),
    deleted: (space) => cache?.drop(space),
  };
};
