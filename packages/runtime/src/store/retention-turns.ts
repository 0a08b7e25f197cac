import type { Database } from "./database/index.ts";
import { sql } from "./database/index.ts";

/** Which of the processes of a formation deletes what is old. */
export interface RetentionTurns {
  /**
   * Takes or keeps the turn.
   *
   * @param turn.until When another process may take it.
   * @param turn.farthest A turn that ends later is none: the clock was set back.
   * @returns False when another process has it.
   */
  take(
    formationId: string,
    turn: { holder: string; now: number; until: number; farthest: number },
  ): Promise<boolean>;
}

export const createRetentionTurns = (db: Database): RetentionTurns => ({
  async take(formationId, { holder, now, until, farthest }) {
    const [result] = await db.write([
      sql`insert into retention_turn (formation_id, holder, until) values (${formationId}, ${holder}, ${until})
        on conflict (formation_id) do update set holder = excluded.holder, until = excluded.until
        where retention_turn.holder = excluded.holder or retention_turn.until <= ${now}
          or retention_turn.until > ${farthest}`,
    ]);
    return result?.changes === 1;
  },
});
