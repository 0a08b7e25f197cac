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

/** Statements that store one memory, in this order. */
export interface MemoryWriting {
  /** Inserts or replaces its row, and returns its `id` and `seq`. */
  row(memory: NewMemory): Statement;
  withoutOldWords(memory: NewMemory): Statement;
  words(memory: NewMemory): Statement;
}

/** @param onWritten Called when a memory was stored, by databases that tell. */
export const createMemoryWriting = (
  { engine, each, textsOf }: Dialect,
  onWritten: MemoryFinder["written"],
): MemoryWriting => {
  const key = "space || ' ' || subject";
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
      importance: "double precision",
      words_version: "bigint",
      now: "bigint",
    },
    text: `insert into memory (id, formation_id, user_id, space, scope, scope_id, subject, collection,
        content, metadata, source, importance, vector_model, words_version, created_at, updated_at)
      select given.id, given.formation_id, given.user_id, given.space, given.scope, given.scope_id, given.subject,
        given.collection, given.content, given.metadata, given.source, given.importance, '', given.words_version,
        given.now, given.now from given where true
      on conflict (space, subject) do update
      set collection = excluded.collection, content = excluded.content, metadata = excluded.metadata,
        source = excluded.source, importance = excluded.importance, updated_at = excluded.updated_at,
        words_version = excluded.words_version,
        vector_model = case when memory.content = excluded.content then memory.vector_model else '' end
      returning id, seq`,
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
    row(memory) {
      const { owner, scope, subject, content, importance, now } = memory;
      const space = spaceFor(memory);
      const row = {
        id: newId("memory"),
        formation_id: owner.formationId,
        user_id: owner.userId,
        space,
        scope,
        scope_id: memory.scopeId,
        subject,
        collection: memory.collection,
        content,
        metadata: JSON.stringify(memory.metadata),
        source: memory.source,
        importance,
        words_version: wordsVersion,
        now,
      };
      return {
        ...insertRow(row, keyOf(memory)),
        onCommit: ({ rows }) =>
          onWritten(
            space,
            { seq: Number(rows[0]?.seq), subject, content, importance, updatedAt: now },
            memory.words,
          ),
      };
    },
    withoutOldWords: (memory) => deleteWords(wordsOf(memory), keyOf(memory)),
    words: (memory) => insertWords(wordsOf(memory), keyOf(memory)),
  };
};
