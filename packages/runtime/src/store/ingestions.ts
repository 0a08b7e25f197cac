import type { Database } from "./database/index.ts";
import { type Statement, sql } from "./database/index.ts";
import type { Owner } from "./sessions.ts";

export interface StoredIngestion {
  counts: { accepted: number; duplicate: number; invalid: number };
  createdAt: number;
}

/** Reports on memories that were added in bulk. */
export interface IngestionRepository {
  /** Stores the report and the memories in one transaction. */
  put(owner: Owner, id: string, ingestion: StoredIngestion, memories: readonly Statement[]): Promise<void>;
  /** Without a user id, a report of any user. */
  get(formationId: string, userId: string | undefined, id: string): Promise<StoredIngestion | undefined>;
  /** Deletes reports of before a time, at most `limit`, and returns how many. The memories stay. */
  forget(formationId: string, before: number, limit: number): Promise<number>;
}

export const createIngestionRepository = (db: Database): IngestionRepository => ({
  async put({ formationId, userId }, id, { counts, createdAt }, memories) {
    await db.write([
      ...memories,
      sql`insert into ingestion (formation_id, id, user_id, accepted, duplicate, invalid, created_at)
        values (${formationId}, ${id}, ${userId}, ${counts.accepted}, ${counts.duplicate}, ${counts.invalid},
          ${createdAt})`,
    ]);
  },

  async get(formationId, userId, id) {
    const [row] = await db.read<StoredIngestion["counts"] & { createdAt: number }>(
      sql`select accepted, duplicate, invalid, created_at as "createdAt" from ingestion
        where formation_id = ${formationId} and id = ${id}
          ${userId === undefined ? sql`` : sql`and user_id = ${userId}`}`,
    );
    if (!row) return undefined;
    const { createdAt, ...counts } = row;
    return { counts, createdAt };
  },

  async forget(formationId, before, limit) {
    const [result] = await db.write([
      sql`delete from ingestion where formation_id = ${formationId} and id in (
          select id from ingestion where formation_id = ${formationId} and created_at < ${before}
          order by created_at limit ${limit})`,
    ]);
    return result?.changes ?? 0;
  },
});
