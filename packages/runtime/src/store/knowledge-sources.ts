import type { Database } from "./database/index.ts";
import { sql } from "./database/index.ts";
import type { KnowledgeTurns } from "./knowledge-turns.ts";

/** How a source elsewhere stands. Times are Unix milliseconds. */
export interface KnowledgeSourceState {
  origin: string;
  /** When all of it was last brought up to date; 0 for never. */
  syncedAt: number;
  /** When it is to be looked at next; null for at its next time. */
  dueAt: number | null;
  /** Attempts that failed in a row, and why the last one did. */
  failures: number;
  failure: string | null;
}

/** The sources of knowledge that are elsewhere (docs/spec/formation-files.md "Sources elsewhere"). */
export interface KnowledgeSourceRepository {
  /** Those of an agent that were looked at before. */
  all(knowledge: number): Promise<KnowledgeSourceState[]>;
  /** The turns of processes to look at a source. */
  turnsOf(origin: string): KnowledgeTurns;
  /** Notes how a look at a source ended. */
  settle(knowledge: number, state: KnowledgeSourceState): Promise<void>;
}

export const createKnowledgeSourceRepository = (db: Database): KnowledgeSourceRepository => ({
  all: (knowledge) =>
    db.read(
      sql`select origin, synced_at as "syncedAt", due_at as "dueAt", failures, failure
        from knowledge_source where knowledge_seq = ${knowledge}`,
    ),

  turnsOf: (origin) => ({
    async take(knowledge, { holder, now, until, ended = holder }) {
      const [result] = await db.write([
        sql`insert into knowledge_source (knowledge_seq, origin, holder, until)
          values (${knowledge}, ${origin}, ${holder}, ${until})
          on conflict (knowledge_seq, origin) do update set holder = ${holder}, until = ${until}
            where knowledge_source.holder in (${holder}, ${ended}) or knowledge_source.until <= ${now}`,
      ]);
      return result?.changes === 1;
    },

    async holder(knowledge) {
      const [row] = await db.read<{ holder: string }>(
        sql`select holder from knowledge_source where knowledge_seq = ${knowledge} and origin = ${origin}`,
      );
      return row?.holder ?? "";
    },
  }),

  async settle(knowledge, { origin, syncedAt, dueAt, failures, failure }) {
    await db.write([
      sql`update knowledge_source
        set synced_at = ${syncedAt}, due_at = ${dueAt}, failures = ${failures}, failure = ${failure}
        where knowledge_seq = ${knowledge} and origin = ${origin}`,
    ]);
  },
});
