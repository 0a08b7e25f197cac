import { wordsVersion } from "../text/index.ts";
import type { Database } from "./database/index.ts";
import { joined, type Statement, sql, textRows } from "./database/index.ts";
import type { MemoryFinder } from "./memory-finder.ts";
import {
  isAlive,
  type MemoryChange,
  type MemoryScope,
  type MemoryVersion,
  type StoredMemory,
  userSpace,
} from "./memory-rows.ts";
import { heldFrom, mostVersions, versionColumns } from "./memory-writing.ts";
import { leavingOut } from "./renewing-summaries.ts";
import type { Owner } from "./sessions.ts";

/** Who asks for memories: those of the user, and of the wider scopes that the key opens. */
export interface Reader {
  owner: Owner;
  scopes: readonly MemoryScope[];
  now: number;
}

/** Single memories: what they say, where it comes from, and what they said before. */
export interface MemoryDetails {
  get(reader: Reader, id: string): Promise<StoredMemory | undefined>;
  /** Changes a memory, and keeps what it said before, but not in summaries. False when there is no such memory. */
  change(reader: Reader, id: string, change: MemoryChange): Promise<boolean>;
  /** Deletes a memory, and what it said before. False when there is no such memory. */
  delete(reader: Reader, id: string): Promise<boolean>;
  /**
   * What some memories said before: the newest of each, then the second newest of each, and so on.
   *
   * @param mostOfEach At most so many of each.
   */
  versions(memorySeqs: readonly number[], mostOfEach: number): Promise<MemoryVersion[]>;
  /** The user's own memories behind a number, oldest first. */
  after(reader: Omit<Reader, "scopes">, seq: number, limit: number): Promise<StoredMemory[]>;
  /** The user's memories that say, or once said, what a request or one of its messages states; newest first. */
  statedIn(reader: Reader, eventId: string, limit: number): Promise<StoredMemory[]>;
  /** The user's memories that have all of these words, newest first. */
  withWords(reader: Reader, words: readonly string[], limit: number): Promise<StoredMemory[]>;
}

const origin = sql`source, source_id as "sourceId", session_id as "sessionId", request_id as "requestId",
  message_id as "messageId", quote, said_at as "saidAt"`;

const columns = sql`seq, id, scope, scope_id as "scopeId", subject, collection, content, metadata, importance,
  pinned, expires_at as "expiresAt", coalesce(valid_from, updated_at) as "validFrom", created_at as "createdAt",
  updated_at as "updatedAt", ${origin}`;

type MemoryRow = Omit<StoredMemory, "metadata" | "isPinned"> & { metadata: string; pinned: number };

/** Reads memories: `rest` is what stands behind `from`. */
export const readMemories = async (db: Database, rest: Statement): Promise<StoredMemory[]> => {
  const rows = await db.read<MemoryRow>(sql`select ${columns} from ${rest}`);
  return rows.map(({ metadata, pinned, ...row }) => ({
    ...row,
    metadata: JSON.parse(metadata) as Record<string, unknown>,
    isPinned: pinned === 1,
  }));
};

const literal = (text: string): Statement => ({ text, values: [] });

export const createMemoryDetails = (db: Database, finder: MemoryFinder): MemoryDetails => {
  const { dialect } = db;
  const texts = (values: readonly string[]) => textRows(dialect, values);

  const one = ({ owner: { formationId, userId }, scopes, now }: Reader, id: string) =>
    sql`id = ${id} and formation_id = ${formationId} and (scope <> 'user' or user_id = ${userId})
      and scope in ${texts(scopes)} and ${isAlive(now)}`;

  /** Has the cache read a space anew of which a statement has changed a memory. */
  const droppingSpace = (statement: Statement): Statement => ({
    ...statement,
    onCommit({ rows }) {
      for (const { space } of rows) finder.deleted(String(space));
    },
  });

  /** Has the user's summaries made anew, without what a memory comes from. */
  const withoutSummaries = ({ owner, now }: Reader, which: Statement): Statement[] =>
    leavingOut(owner, now, {
      memories: which,
      versions: sql`memory_seq in (select seq from memory where ${which})`,
    });

  return {
    async get(reader, id) {
      const [memory] = await readMemories(db, sql`memory where ${one(reader, id)}`);
      return memory;
    },

    async change(reader, id, { said, collection, metadata, isPinned, expiresAt }) {
      const { now } = reader;
      const which = one(reader, id);
      const changed: Statement[] = [
        ...(collection === undefined ? [] : [sql`collection = ${collection}`]),
        ...(metadata === undefined ? [] : [sql`metadata = ${JSON.stringify(metadata)}`]),
        ...(isPinned === undefined ? [] : [sql`pinned = ${isPinned ? 1 : 0}`]),
        ...(expiresAt === undefined ? [] : [sql`expires_at = ${expiresAt}`]),
      ];
      if (said) {
        changed.push(
          sql`content = ${said.content}, source = ${said.source}, source_id = null, session_id = null,
            request_id = null, message_id = null, quote = null, said_at = ${now}, valid_from = ${now},
            updated_at = ${now}, vector_model = '', words_version = ${wordsVersion},
            subject = case when exists (select 1 from memory as other
                where other.space = memory.space and other.subject = ${said.subject})
              then subject else ${said.subject} end`,
        );
      }
      const keepingVersion =
        said &&
        sql`insert into memory_version (memory_seq, ${literal(versionColumns)}, valid_from, valid_to)
          select seq, ${literal(versionColumns)}, ${literal(heldFrom)}, cast(${now} as bigint) from memory
          where ${which} and content <> ${said.content} ${literal(dialect.lockRows)}`;
      const droppingVersions =
        said &&
        sql`delete from memory_version where memory_seq in (select seq from memory where ${which})
          and seq <= (select seq from memory_version where memory_seq in (select seq from memory where ${which})
            order by seq desc limit 1 offset ${literal(String(mostVersions))})`;
      const words = said && [
        sql`delete from memory_word where memory_seq in (select seq from memory where ${which})
          and word not in ${texts(said.words)}`,
        sql`insert into memory_word (space, word, memory_seq)
          select memory.space, word.value, memory.seq
          from memory, ${dialect.textsOf(JSON.stringify(said.words))} as word
          where memory.seq in (select seq from memory where ${which})
          on conflict do nothing`,
      ];
      const updating = sql`update memory set ${joined(changed, ", ")} where ${which} returning space`;
      const before = keepingVersion ? [keepingVersion, ...withoutSummaries(reader, which)] : [];
      const results = await db.write([
        ...before,
        droppingSpace(updating),
        ...(words ?? []),
        ...(droppingVersions ? [droppingVersions] : []),
      ]);
      return results[before.length]?.changes === 1;
    },

    async delete(reader, id) {
      const which = one(reader, id);
      const isThere = sql`update memory set updated_at = updated_at where ${which}`;
      const found = await db.writeIf(isThere, [
        ...withoutSummaries(reader, which),
        droppingSpace(sql`delete from memory where ${which} returning space`),
      ]);
      return found !== undefined;
    },

    async versions(memorySeqs, mostOfEach) {
      const rows = await db.read<Omit<MemoryVersion, "metadata"> & { metadata: string }>(
        sql`select memory_seq as "memorySeq", collection, content, metadata, valid_from as "validFrom",
            valid_to as "validTo", ${origin}
          from (select memory_version.*, row_number() over (partition by memory_seq order by seq desc) as place
            from memory_version where memory_seq ${dialect.isOneOf(memorySeqs)}) as placed
          where place <= ${mostOfEach} order by place, seq desc`,
      );
      return rows.map((row) => ({ ...row, metadata: JSON.parse(row.metadata) as Record<string, unknown> }));
    },

    after: ({ owner, now }, seq, limit) =>
      readMemories(
        db,
        sql`memory where space = ${userSpace(owner)} and seq > ${seq} and ${isAlive(now)}
          order by seq limit ${limit}`,
      ),

    statedIn({ owner, now }, eventId, limit) {
      const space = userSpace(owner);
      const isFrom = sql`space = ${space} and (request_id = ${eventId} or message_id = ${eventId})`;
      return readMemories(
        db,
        sql`memory where space = ${space} and ${isAlive(now)} and seq in (select seq from memory where ${isFrom}
          union select memory_seq from memory_version where ${isFrom}) order by seq desc limit ${limit}`,
      );
    },

    withWords({ owner, now }, words, limit) {
      const space = userSpace(owner);
      return readMemories(
        db,
        sql`memory where space = ${space} and ${isAlive(now)} and seq in (select memory_seq from memory_word
          where memory_word.space = ${space} and word in ${texts(words)}
          group by memory_seq having count(*) = ${words.length}) order by seq desc limit ${limit}`,
      );
    },
  };
};
