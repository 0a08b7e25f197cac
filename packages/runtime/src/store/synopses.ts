import type { Database } from "./database/index.ts";
import { sql } from "./database/index.ts";
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
  put(owner: Owner, synopsis: StoredSynopsis): Promise<void>;
  /** Deletes the synopsis of a user. */
  clear(owner: Owner): Promise<void>;
}

export const createSynopsisRepository = (db: Database): SynopsisRepository => ({
  of: ({ formationId, userId }) =>
    db.read(
      sql`select part, text, made_at as "madeAt" from synopsis
        where formation_id = ${formationId} and user_id = ${userId} order by part desc`,
    ),

  async put({ formationId, userId }, { part, text, madeAt }) {
    await db.write([
      sql`insert into synopsis (formation_id, user_id, part, text, made_at)
        values (${formationId}, ${userId}, ${part}, ${text}, ${madeAt})
        on conflict (formation_id, user_id, part) do update
        set text = excluded.text, made_at = excluded.made_at`,
    ]);
  },

  async clear({ formationId, userId }) {
    await db.write([sql`delete from synopsis where formation_id = ${formationId} and user_id = ${userId}`]);
  },
});
