import { newId } from "@muxi/protocol";
import { wordsVersion } from "../text/index.ts";
import type { Dialect, Statement } from "./database/index.ts";
import type { MemoryFinder } from "./memory-finder.ts";
import { type NewMemory, type Space, spaceOf } from "./memory-rows.ts";

const spaceFor = ({ owner, scope, scopeId }: NewMemory): Space =>
  spaceOf(owner.formationId, scope, scope === "user" ? owner.userId : (scopeId ?? ""));

/** What tells a memory from all others: a later one replaces it. */
const keyOf = (memory: NewMemory): string => `${spaceFor(memory)} ${memory.subject}`;

/** Memories in groups in which each subject occurs once, in order: a later group replaces what is in an earlier one. */
export const roundsOf = (memories: readonly NewMemory[]): NewMemory[][] => {
  const rounds: NewMemory[][] = [];
  const seen = new Map<string, number>();
  for (const memory of memories) {
    const round = seen.get(keyOf(memory)) ?? 0;
    seen.set(keyOf(memory), round + 1);
    const members = rounds[round];
    if (members) members.push(memory);
    else rounds.push([memory]);
  }
  return rounds;
};

/** What a memory and its versions both have. */
export const versionColumns = `space, collection, content, metadata, importance, source, source_id, session_id, request_id,
  message_id, quote, said_at`;

/** Most earlier values that are kept of a memory: the newest. */
export const mostVersions = 100;

/** Since when a memory holds, in SQL. */
export const heldFrom = "coalesce(memory.valid_from, memory.updated_at)";

/** Statements that store one memory, in this order. */
export interface MemoryWriting {
  /** Keeps what it replaces as a version. */
  version(memory: NewMemory): Statement;
  /** Deletes what it said before so many others that it is not kept any longer. */
  withoutOldVersions(memory: NewMemory): Statement;
  /** Inserts or replaces its row, and returns its `id` and `seq`. */
  row(memory: NewMemory): Statement;
  withoutOldWords(memory: NewMemory): Statement;
  words(memory: NewMemory): Statement;
}

/** @param onWritten Called when a memory was stored, by databases that tell. */
export const createMemoryWriting = (
  { engine, each, textsOf, lockRows }: Dialect,
  onWritten: MemoryFinder["written"],
): MemoryWriting => {
  const key = "space || ' ' || subject";
  const insertVersion = each({
    given: { space: "text", subject: "text", content: "text", valid_to: "bigint" },
    text: `insert into memory_version (memory_seq, ${versionColumns}, valid_from, valid_to)
      select memory.seq, ${versionColumns.replaceAll(/\w+/g, "memory.$&")}, ${heldFrom}, given.valid_to
      from memory, given
      where memory.space = given.space and memory.subject = given.subject and memory.content <> given.content
      ${lockRows}`,
  });
  const deleteVersions = each({
    given: { space: "text", subject: "text" },
    text: `delete from memory_version where seq in (select old.seq from memory, memory_version as old, given
      where memory.space = given.space and memory.subject = given.subject and old.memory_seq = memory.seq
        and old.seq <= (select newer.seq from memory_version as newer where newer.memory_seq = memory.seq
          order by newer.seq desc limit 1 offset ${mostVersions}))`,
  });
  const insertRow = each({
    given: {
      id: "text",
      formation_id: "text",
      user_id: "text",
      space: "text",
      scope: "text",
      scope_id: "text",
      subject: "text",
      collection: "text",
      content: "text",
      metadata: "text",
      source: "text",
      source_id: "text",
      session_id: "text",
      request_id: "text",
      message_id: "text",
      quote: "text",
      said_at: "bigint",
      importance: "double precision",
      pinned: "bigint",
      expires_at: "bigint",
      words_version: "bigint",
      now: "bigint",
    },
    text: `insert into memory (id, formation_id, user_id, space, scope, scope_id, subject, collection, content, metadata,
        source, source_id, session_id, request_id, message_id, quote, said_at, importance, pinned, expires_at,
        vector_model, words_version, valid_from, created_at, updated_at)
      select given.id, given.formation_id, given.user_id, given.space, given.scope, given.scope_id, given.subject,
        given.collection, given.content, given.metadata, given.source, given.source_id, given.session_id,
        given.request_id,
        coalesce(given.message_id, (select message.id from session join message on message.session_seq = session.seq
          where session.formation_id = given.formation_id and session.user_id = given.user_id
            and session.id = given.session_id and message.request_id = given.request_id and message.role = 'user'
          order by message.seq desc limit 1)),
        given.quote, given.said_at, given.importance, given.pinned, given.expires_at, '', given.words_version,
        given.said_at, given.now, given.now from given where true
      on conflict (space, subject) do update
      set collection = excluded.collection, content = excluded.content, metadata = excluded.metadata,
        source = excluded.source, source_id = excluded.source_id, session_id = excluded.session_id,
        request_id = excluded.request_id, message_id = excluded.message_id, quote = excluded.quote,
        said_at = excluded.said_at, importance = excluded.importance, expires_at = excluded.expires_at,
        pinned = case when excluded.pinned = 1 then 1 else memory.pinned end,
        updated_at = excluded.updated_at, words_version = excluded.words_version,
        valid_from = case when memory.content = excluded.content then ${heldFrom} else excluded.valid_from end,
        vector_model = case when memory.content = excluded.content then memory.vector_model else '' end
      returning id, seq, pinned`,
    key,
  });

  const words = { space: "text", subject: "text", words: "text" } as const;
  const listed = textsOf({ text: "given.words", values: [] }).text;
  const isOld = `memory.space = given.space and memory.subject = given.subject and memory_word.memory_seq = memory.seq
    and memory_word.word not in (select value from ${listed} as listed)`;
  const deleteWords = each({
    given: words,
    // SQLite cannot join here. Postgres would compare each word of all memories.
    text:
      engine === "postgres"
        ? `delete from memory_word using memory, given where ${isOld}`
        : `delete from memory_word where (space, word, memory_seq) in (
            select memory_word.space, memory_word.word, memory_word.memory_seq
            from memory, memory_word, given where ${isOld})`,
  });
  const insertWords = each({
    given: words,
    text: `insert into memory_word (space, word, memory_seq)
      select memory.space, word.value, memory.seq from memory, given, ${listed} as word
      where memory.space = given.space and memory.subject = given.subject
      on conflict do nothing`,
  });
  const wordsOf = (memory: NewMemory) => ({
    space: spaceFor(memory),
    subject: memory.subject,
    words: JSON.stringify(memory.words),
  });

  return {
    version: (memory) =>
      insertVersion(
        {
          space: spaceFor(memory),
          subject: memory.subject,
          content: memory.content,
          valid_to: memory.origin?.saidAt ?? memory.now,
        },
        keyOf(memory),
      ),
    withoutOldVersions: (memory) =>
      deleteVersions({ space: spaceFor(memory), subject: memory.subject }, keyOf(memory)),
    row(memory) {
      const { owner, scope, subject, content, importance, origin, now } = memory;
      const space = spaceFor(memory);
      const row = {
        id: newId("memory"),
        formation_id: owner.formationId,
        user_id: scope === "user" ? owner.userId : "",
        space,
        scope,
        scope_id: memory.scopeId,
        subject,
        collection: memory.collection,
        content,
        metadata: JSON.stringify(memory.metadata),
        source: memory.source,
        source_id: memory.sourceId ?? null,
        session_id: origin?.sessionId ?? null,
        request_id: origin?.requestId ?? null,
        message_id: origin?.messageId ?? null,
        quote: origin?.quote ?? null,
        said_at: origin?.saidAt ?? now,
        importance,
        pinned: memory.isPinned ? 1 : 0,
        expires_at: memory.expiresAt ?? null,
        words_version: wordsVersion,
        now,
      };
      return {
        ...insertRow(row, keyOf(memory)),
        onCommit: ({ rows }) =>
          onWritten(
            space,
            {
              seq: Number(rows[0]?.seq),
              subject,
              content,
              importance,
              updatedAt: now,
              pinned: Number(rows[0]?.pinned),
              expiresAt: memory.expiresAt ?? null,
            },
            memory.words,
          ),
      };
    },
    withoutOldWords: (memory) => deleteWords(wordsOf(memory), keyOf(memory)),
    words: (memory) => insertWords(wordsOf(memory), keyOf(memory)),
  };
};
