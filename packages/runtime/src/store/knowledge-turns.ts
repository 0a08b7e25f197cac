import type { Database } from "./database/index.ts";
import { type Statement, sql } from "./database/index.ts";

/** The turn of a process to work on what an agent knows, in Unix milliseconds. */
export interface KnowledgeTurn {
  holder: string;
  now: number;
  until: number;
  /** Another holder that is known to have ended. */
  ended?: string;
}

export interface KnowledgeTurns {
  /** Takes or keeps the turn; false when another process has it. */
  take(seq: number, turn: KnowledgeTurn): Promise<boolean>;
  /** Whose turn it is, or was. */
  holder(seq: number): Promise<string>;
}

const columns = {
  indexing: { holder: sql`holder`, until: sql`until` },
  embedding: { holder: sql`vector_holder`, until: sql`vector_until` },
} satisfies Record<string, { holder: Statement; until: Statement }>;

/** @param work What it is a turn for: both go on at the same time. */
export const createKnowledgeTurns = (db: Database, work: keyof typeof columns): KnowledgeTurns => {
  const of = columns[work];
  return {
    async take(seq, { holder, now, until, ended = holder }) {
      const [result] = await db.write([
        sql`update knowledge set ${of.holder} = ${holder}, ${of.until} = ${until}
          where seq = ${seq} and (${of.holder} in (${holder}, ${ended}) or ${of.until} <= ${now})`,
      ]);
      return result?.changes === 1;
    },

    async holder(seq) {
      const [row] = await db.read<{ holder: string }>(
        sql`select ${of.holder} as holder from knowledge where seq = ${seq}`,
      );
      return row?.holder ?? "";
    },
  };
};
