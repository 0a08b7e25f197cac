import { wordsVersion } from "../text/index.ts";
import type { Database } from "./database/index.ts";
import { joined, type Statement, sql, textRows } from "./database/index.ts";
import { afterSeq, type ListPage } from "./list-page.ts";
import { createMemoryDetails, type MemoryDetails, type Reader, readMemories } from "./memory-details.ts";
import { createMemoryFinder, type MemoryFinder, mostPinned } from "./memory-finder.ts";
import {
  isAlive,
  type MemoryScope,
  type NewMemory,
  type Space,
  type StoredMemory,
  spaceOf,
  userSpace,
} from "./memory-rows.ts";
import { createMemoryWriting, roundsOf } from "./memory-writing.ts";
import { leavingOut } from "./renewing-summaries.ts";
import type { Owner } from "./sessions.ts";

/** Long-term memories (docs/spec/formation-files.md "Long-term memory"). */
export interface MemoryRepository extends Pick<MemoryFinder, "matches" | "candidates">, MemoryDetails {
  /**
   * Statements that store memories, for a transaction of the caller, and make room for them. Of a known subject, the last
   * one stays.
   */
  keep(memories: readonly NewMemory[]): Statement[];
  /** Stores memories in one transaction and returns their ids; one of a known subject keeps its id. */
  add(memories: readonly NewMemory[]): Promise<string[]>;
  /** Newest first. */
  list(
    reader: Reader,
    page: ListPage & { offset: number; collections?: readonly string[] | undefined },
  ): Promise<StoredMemory[]>;
  /** Deletes memories that expired before a time, at most `limit`, with their users' synopses, and returns how many. */
  forget(formationId: string, before: number, limit: number): Promise<number>;
  /** Deletes the memories that came from a source and returns how many there were. */
  deleteSource(owner: Owner, source: string, now: number): Promise<number>;
  /** To be called when memories of a user were deleted otherwise. */
  dropped(owner: Owner): void;
  /** Memories whose words were found by older rules, and some of them only. */
  withOldWords(formationId: string, limit: number): Promise<{ seq: number; space: Space; content: string }[]>;
  /** Stores the words of memories that were found anew. What has changed meanwhile has its own. */
  reindex(
    memories: readonly { seq: number; space: Space; content: string; words: readonly string[] }[],
  ): Promise<void>;
  /**
   * Tells of memories of the owner whether one like it was stored before: one with its id in its source, whatever has taken
   * its place since, or without such an id one of its subject. What has expired is not known any more.
   */
  known(owner: Owner, memories: readonly NewMemory[], now: number): Promise<(memory: NewMemory) => boolean>;
  /** Users of a formation who have memories, by their spaces. */
  usersAfter(formationId: string, space: Space, limit: number): Promise<{ space: Space; userId: string }[]>;
  /** The newest memories of a user in some collections, or in all but those. */
  facts(
    owner: Owner,
    collections: { in: readonly string[] } | { notIn: readonly string[] },
    page: { limit: number; now: number },
  ): Promise<{ seq: number; content: string; updatedAt: number }[]>;
}

/** @param mostOfUser Most memories of a user; without a number, any. */
export const createMemoryRepository = (db: Database, mostOfUser?: number): MemoryRepository => {
  const texts = (values: readonly string[]) => textRows(db.dialect, values);

  const finder = createMemoryFinder(db);
  const details = createMemoryDetails(db, finder);

  const write = createMemoryWriting(db.dialect, finder.written);

  /**
   * Deletes what a user has too many of: what has expired, then what matters least, then the oldest. Of what is pinned, it
   * spares as many as are recalled: a user who pins all would evade the limit.
   */
  const makingRoom = (space: Space, now: number, most: number): Statement => ({
    ...sql`delete from memory where seq in (select seq from memory
      where space = ${space} and updated_at < ${now} and seq not in (select seq from memory
        where space = ${space} and pinned = 1 and ${isAlive(now)} order by seq desc limit ${mostPinned})
      order by case when expires_at <= ${now} then 0 else 1 end, importance, updated_at, seq
      limit (select case when count(*) > ${most} then count(*) - ${most} else 0 end
        from memory where space = ${space}))`,
    onCommit({ changes }) {
      if (changes > 0) finder.deleted(space);
    },
  });

  const keep = (memories: readonly NewMemory[]): Statement[] => {
    // What was said last about a subject is stored last: its words take the place of those before.
    const writing = roundsOf(memories).flatMap((round) => [
      ...round.map(write.version),
      ...round.map(write.withoutOldVersions),
      ...round.map(write.row),
      ...round.map(write.withoutOldWords),
      ...round.map(write.words),
    ]);
    if (mostOfUser === undefined) return writing;
    const written = new Map<Space, number>();
    for (const { owner, scope, now } of memories) {
      if (scope === "user") written.set(userSpace(owner), now);
    }
    return [...writing, ...[...written].map(([space, now]) => makingRoom(space, now, mostOfUser))];
  };

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

    async list({ owner, scopes, now }, { limit, before, offset, collections }) {
      if (scopes.length === 0) return [];
      const isListed = collections === undefined ? sql`` : sql`and collection in ${texts(collections)}`;
      const pages = spacesOf(owner, scopes).map(
        (space) => sql`select * from (select * from memory where ${space} and ${isAlive(now)}
          ${isListed} ${afterSeq(before)} order by seq desc limit ${limit + offset}) as page`,
      );
      return readMemories(
        db,
        sql`(${joined(pages, " union all ")}) as pages order by seq desc limit ${limit} offset ${offset}`,
      );
    },

    async forget(formationId, before, limit) {
      const some = sql`select seq from memory where formation_id = ${formationId} and expires_at <= ${before}
        order by expires_at limit ${limit}`;
      const [, result] = await db.write([
        sql`delete from synopsis where formation_id = ${formationId} and user_id in (
          select user_id from memory where seq in (${some}) and scope = 'user')`,
        {
          ...sql`delete from memory where seq in (${some}) returning space`,
          onCommit({ rows }) {
            for (const { space } of rows) finder.deleted(String(space));
          },
        },
      ]);
      return result?.changes ?? 0;
    },

    async deleteSource(owner, source, now) {
      const space = userSpace(owner);
      const isFrom = sql`space = ${space} and source = ${source}`;
      const results = await db.write([
        ...leavingOut(owner, now, { memories: isFrom, versions: isFrom }),
        sql`delete from memory_version where ${isFrom}`,
        { ...sql`delete from memory where ${isFrom}`, onCommit: () => finder.deleted(space) },
      ]);
      return results.at(-1)?.changes ?? 0;
    },

    dropped: (owner) => finder.deleted(userSpace(owner)),

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

    async known(owner, memories, now) {
      const space = userSpace(owner);
      const subjects = memories.flatMap(({ subject, sourceId }) => (sourceId == null ? [subject] : []));
      const named = memories.filter(({ sourceId }) => sourceId != null);
      const ids = texts(named.map(({ sourceId }) => sourceId ?? ""));
      const isNamed = sql`space = ${space} and source in ${texts([...new Set(named.map(({ source }) => source))])}
        and source_id in ${ids}`;
      const rows = await db.read<{ kind: string; source: string; name: string }>(
        sql`select 'subject' as kind, '' as source, subject as name from memory
            where space = ${space} and subject in ${texts(subjects)} and ${isAlive(now)}
          union select 'origin', source, source_id from memory where ${isNamed} and ${isAlive(now)}
          union select 'origin', source, source_id from memory_version where ${isNamed}
            and memory_seq in (select seq from memory where space = ${space} and ${isAlive(now)})
          union select 'id', '', id from memory where space = ${space} and id in ${ids}
            and ${isAlive(now)}`,
      );
      const keyOf = (kind: string, source: string, name: string) => JSON.stringify([kind, source, name]);
      const found = new Set(rows.map(({ kind, source, name }) => keyOf(kind, source, name)));
      return ({ subject, source, sourceId }) =>
        sourceId == null
          ? found.has(keyOf("subject", "", subject))
          : found.has(keyOf("origin", source, sourceId)) || found.has(keyOf("id", "", sourceId));
    },

    matches: finder.matches,
    candidates: finder.candidates,
    ...details,

    usersAfter: (formationId, space, limit) =>
      // From one space to the next by the index: what a user has is not gone through.
      db.read(
        sql`with recursive found (space) as (
            select (select min(space) from memory where space > ${space})
            union all
            select (select min(memory.space) from memory where memory.space > found.space) from found
            where found.space is not null)
          select space, "userId" from (select found.space, (select user_id from memory
              where memory.space = found.space and formation_id = ${formationId} and scope = 'user' limit 1) as "userId"
            from found where found.space is not null) as held
          where "userId" is not null limit ${limit}`,
      ),

    facts: (owner, collections, { limit, now }) =>
      db.read(
        sql`select seq, content, updated_at as "updatedAt" from memory
          where space = ${userSpace(owner)} and ${isAlive(now)} and collection ${
            "in" in collections ? sql`in ${texts(collections.in)}` : sql`not in ${texts(collections.notIn)}`
          }
          order by seq desc limit ${limit}`,
      ),
  };
};
