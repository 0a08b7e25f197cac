import { wordsVersion } from "../text/index.ts";
import type { Database } from "./database/index.ts";
import { joined, type Statement, sql } from "./database/index.ts";
import { afterSeq, type ListPage } from "./list-page.ts";
import {
  createMemoryDetails,
  isAlive,
  type MemoryDetails,
  type Reader,
  readMemories,
} from "./memory-details.ts";
import { createMemoryFinder, type MemoryFinder } from "./memory-finder.ts";
import {
  type MemoryScope,
  type NewMemory,
  type Space,
  type StoredMemory,
  spaceOf,
  userSpace,
} from "./memory-rows.ts";
import { createMemoryWriting, roundsOf } from "./memory-writing.ts";
import type { Owner } from "./sessions.ts";

/** Long-term memories (docs/spec/formation-files.md "Long-term memory"). */
export interface MemoryRepository extends Pick<MemoryFinder, "matches" | "candidates">, MemoryDetails {
  /** Statements that store memories, for a transaction of the caller. Of a known subject, the last one stays. */
  keep(memories: readonly NewMemory[]): Statement[];
  /** Stores memories in one transaction and returns their ids; one of a known subject keeps its id. */
  add(memories: readonly NewMemory[]): Promise<string[]>;
  /** Newest first. */
  list(reader: Reader, page: ListPage & { offset: number }): Promise<StoredMemory[]>;
  /** Deletes the memories that came from a source and returns how many there were. */
  deleteSource(owner: Owner, source: string): Promise<number>;
  /** Memories whose words were found by older rules, and some of them only. */
  withOldWords(formationId: string, limit: number): Promise<{ seq: number; space: Space; content: string }[]>;
  /** Stores the words of memories that were found anew. What has changed meanwhile has its own. */
  reindex(
    memories: readonly { seq: number; space: Space; content: string; words: readonly string[] }[],
  ): Promise<void>;
  /** The subjects of which the owner has a memory. */
  known(owner: Owner, subjects: readonly string[]): Promise<Set<string>>;
  /** The newest memories of a user in some collections, or in all but those. */
  facts(
    owner: Owner,
    collections: { in: readonly string[] } | { notIn: readonly string[] },
    limit: number,
  ): Promise<{ content: string; updatedAt: number }[]>;
}

export const createMemoryRepository = (db: Database): MemoryRepository => {
  /** A list as rows of one column: one statement then serves lists of any length. */
  const texts = (values: readonly string[]) =>
    sql`(select value from ${db.dialect.textsOf(JSON.stringify(values))} as listed)`;

  const finder = createMemoryFinder(db);
  const details = createMemoryDetails(db, finder);

  const write = createMemoryWriting(db.dialect, finder.written);
  const keep = (memories: readonly NewMemory[]): Statement[] =>
    // What was said last about a subject is stored last: its words take the place of those before.
    roundsOf(memories).flatMap((round) => [
      ...round.map(write.version),
      ...round.map(write.row),
      ...round.map(write.withoutOldWords),
      ...round.map(write.words),
    ]);

  const spacesOf = ({ formationId, userId }: Owner, scopes: readonly MemoryScope[]): Statement[] =>
    scopes.map((scope) =>
      scope === "group"
        ? sql`formation_id = ${formationId} and scope = 'group'`
        : sql`space = ${spaceOf(formationId, scope, scope === "user" ? userId : "")}`,
    );

  return {
    keep,

    async add(memories) {
      const results = await db.write(keep(memories));
      return results.flatMap(({ rows }) => rows.map(({ id }) => String(id)));
    },

    async list({ owner, scopes, now }, { limit, before, offset }) {
      if (scopes.length === 0) return [];
      const pages = spacesOf(owner, scopes).map(
        (space) => sql`select * from (select * from memory where ${space} and ${isAlive(now)}
          ${afterSeq(before)} order by seq desc limit ${limit + offset}) as page`,
      );
      return readMemories(
        db,
        sql`(${joined(pages, " union all ")}) as pages order by seq desc limit ${limit} offset ${offset}`,
      );
    },

    async deleteSource(owner, source) {
      const space = userSpace(owner);
      const isFrom = sql`space = ${space} and source = ${source}`;
      const [, result] = await db.write([
        sql`delete from memory_version where ${isFrom}`,
        { ...sql`delete from memory where ${isFrom}`, onCommit: () => finder.deleted(space) },
      ]);
      return result?.changes ?? 0;
    },

    withOldWords: (formationId, limit) =>
      db.read(
        // The literal is the index's own.
        sql`select seq, space, content from memory
          where formation_id = ${formationId} and words_version < 2 order by seq limit ${limit}`,
      ),

    async reindex(memories) {
      await db.write(
        memories.flatMap(({ seq, space, content, words }) => {
          const isStill = sql`seq = ${seq} and content = ${content} and words_version < ${wordsVersion}`;
          return [
            sql`delete from memory_word
              where memory_seq in (select seq from memory where ${isStill}) and word not in ${texts(words)}`,
            sql`insert into memory_word (space, word, memory_seq)
              select memory.space, word.value, memory.seq
              from memory, ${db.dialect.textsOf(JSON.stringify(words))} as word
              where ${isStill}
              on conflict do nothing`,
            {
              ...sql`update memory set words_version = ${wordsVersion} where ${isStill}`,
              onCommit: () => finder.deleted(space),
            },
          ];
        }),
      );
    },

    async known(owner, subjects) {
      const rows = await db.read<{ subject: string }>(
        sql`select subject from memory where space = ${userSpace(owner)} and subject in ${texts(subjects)}`,
      );
      return new Set(rows.map(({ subject }) => subject));
    },

    matches: finder.matches,
    candidates: finder.candidates,
    ...details,

    facts: (owner, collections, limit) =>
      db.read(
        sql`select content, updated_at as "updatedAt" from memory
          where space = ${userSpace(owner)} and collection ${
            "in" in collections ? sql`in ${texts(collections.in)}` : sql`not in ${texts(collections.notIn)}`
          }
          order by seq desc limit ${limit}`,
      ),
  };
};
