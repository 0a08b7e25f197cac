import type { Database } from "./database/index.ts";
import { list, type Statement, sql } from "./database/index.ts";
import type { SpaceContents } from "./kept-space.ts";
import { createKeptSpaces, type KeptSpaces } from "./kept-spaces.ts";
import type { Candidate, Space } from "./memory-rows.ts";

/** Finds memories: from the database, or from what is kept of it where that can be known to be up to date. */
export interface MemoryFinder {
  /**
   * The memories of each word in each space, newest first.
   *
   * @param perWord At most so many of a word, so that a search costs the same in a large space.
   */
  matches(
    spaces: readonly Space[],
    words: readonly string[],
    perWord: number,
  ): Promise<(readonly number[])[]>;
  candidates(spaces: readonly Space[], seqs: readonly number[]): Promise<Candidate[]>;
  /** A memory was written. */
  written(space: Space, memory: Candidate, words: readonly string[]): void;
  /** Memories of a space were deleted. */
  deleted(space: Space): void;
}

/** Read as one JSON text, numbers and commas cost a third of what taking them apart does. */
const numbersOf = (texts: readonly string[]): number[][] => JSON.parse(`[[${texts.join("],[")}]]`);

export const createMemoryFinder = (db: Database): MemoryFinder => {
  const candidatesFrom = (rest: Statement) =>
    db.read<Candidate>(sql`select seq, subject, content, importance, updated_at as "updatedAt" from ${rest}`);

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

  const kept = db.foreignWrites && createKeptSpaces(db.foreignWrites, readSpace);

  const divide: KeptSpaces["divide"] = (spaces) =>
    kept ? kept.divide(spaces) : Promise.resolve({ known: [], others: [...spaces] });

  const readMatches = async (spaces: readonly Space[], words: readonly string[], perWord: number) => {
    // One row a word: thousands of rows would cost more than the search for them.
    const rows = await db.read<{ seqs: string | null }>(
      sql`select (select string_agg(cast(memory_seq as text), ',')
          from (select memory_seq from memory_word
            where memory_word.space = held.value and memory_word.word = listed.value
            order by memory_seq desc limit ${perWord}) as newest) as seqs
        from ${db.dialect.textsOf(JSON.stringify(spaces))} as held,
          ${db.dialect.textsOf(JSON.stringify(words))} as listed
        where exists (select 1 from memory_word where memory_word.space = held.value)`,
    );
    return numbersOf(rows.flatMap(({ seqs }) => seqs ?? []));
  };

  return {
    async matches(spaces, words, perWord) {
      if (words.length === 0) return [];
      const { known, others } = await divide(spaces);
      const found = known.flatMap((space) => words.map((word) => space.having(word, perWord)));
      if (others.length > 0) found.push(...(await readMatches(others, words, perWord)));
      return found.filter(({ length }) => length > 0);
    },

    async candidates(spaces, seqs) {
      if (seqs.length === 0) return [];
      const { known, others } = await divide(spaces);
      const found = known.flatMap((space) => seqs.flatMap((seq) => space.memory(seq) ?? []));
      if (others.length === 0) return found;
      const rows = await candidatesFrom(
        sql`${db.dialect.textsOf(JSON.stringify(seqs))} as listed cross join memory
          where seq = cast(listed.value as bigint) and space in (${list(others)})`,
      );
      return [...found, ...rows];
    },

    written: (space, memory, words) => kept?.put(space, memory, words),
    deleted: (space) => kept?.drop(space),
  };
};
