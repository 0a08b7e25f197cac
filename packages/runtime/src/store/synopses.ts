import type { Database } from "./database/index.ts";
import { sql } from "./database/index.ts";
import { userSpace } from "./memory-rows.ts";
import type { Owner } from "./sessions.ts";

/** One part of a user's synopsis. */
export interface StoredSynopsis {
  part: string;
  text: string;
  madeAt: number;
}

/** Synopses: short profiles of users, written from their memories (docs/spec/formation-files.md "Synopsis"). */
export interface SynopsisRepository {
  of(owner: Owner): Promise<StoredSynopsis[]>;
  /** Stores what was written of some memories, unless one of them was forgotten meanwhile. */
  put(owner: Owner, synopsis: StoredSynopsis, memorySeqs: readonly number[]): Promise<void>;
  /** Deletes the synopsis of a user. */
  clear(owner: Owner): Promise<void>;
}

export const createSynopsisRepository = (db: Database): SynopsisRepository => ({
  of: ({ formationId, userId }) =>
    db.read(
      sql`select part, text, made_at as "madeAt" from synopsis
        where formation_id = ${formationId} and user_id = ${userId} order by part desc`,
    ),

  async put(owner, { part, text, madeAt }, memorySeqs) {
    const { formationId, userId } = owner;
    await db.write([
      sql`insert into synopsis (formation_id, user_id, part, text, made_at)
        select ${formationId}, ${userId}, ${part}, ${text}, cast(${madeAt} as bigint)
        where (select count(*) from memory
          where space = ${userSpace(owner)} and seq ${db.dialect.isOneOf(memorySeqs)}) = ${memorySeqs.length}
        on conflict (formation_id, user_id, part) do update
        set text = excluded.text, made_at = excluded.made_at`,
    ]);
  },

  async clear({ formationId, userId }) {
    await db.write([sql`delete from synopsis where formation_id = ${formationId} and user_id = ${userId}`]);
  },
});
