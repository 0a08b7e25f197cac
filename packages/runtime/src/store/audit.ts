import type { Database } from "./database/index.ts";
import { sql } from "./database/index.ts";

export interface AuditRecord {
  id: string;
  /** Unix milliseconds. */
  at: number;
  action: string;
  resourceType: string;
  resourceId: string | null;
  userId: string | null;
  requestId: string;
  ip: string;
  outcome: "success" | "denied";
  /** How many records before this one were dropped. */
  suppressed: number;
}

export interface AuditFilter {
  limit: number;
  action?: string | undefined;
  resourceType?: string | undefined;
  since?: number | undefined;
}

export interface AuditRepository {
  add(formationId: string, record: AuditRecord): Promise<void>;
  /** The newest first, and how many match in all. */
  list(formationId: string, filter: AuditFilter): Promise<{ records: AuditRecord[]; total: number }>;
  /** Deletes all records and returns how many there were. */
  clear(formationId: string): Promise<number>;
}

/** Records per formation; the oldest are deleted first. */
const mostKept = 100_000;

const columns = sql`id, at, action, resource_type as "resourceType", resource_id as "resourceId",
  user_id as "userId", request_id as "requestId", ip, outcome, suppressed`;

export const createAuditRepository = (db: Database): AuditRepository => ({
  async add(formationId, record) {
    const { id, at, action, resourceType, resourceId, userId, requestId, ip, outcome, suppressed } = record;
    await db.write([
      sql`insert into audit (formation_id, id, at, action, resource_type, resource_id, user_id, request_id, ip,
          outcome, suppressed)
        values (${formationId}, ${id}, ${at}, ${action}, ${resourceType}, ${resourceId}, ${userId}, ${requestId},
          ${ip}, ${outcome}, ${suppressed})`,
      sql`delete from audit where formation_id = ${formationId}
        and seq <= (select max(seq) from audit where formation_id = ${formationId}) - ${mostKept}`,
    ]);
  },

  async list(formationId, { limit, action, resourceType, since }) {
    const fitting = sql`formation_id = ${formationId}
      ${action === undefined ? sql`` : sql`and action = ${action}`}
      ${resourceType === undefined ? sql`` : sql`and resource_type = ${resourceType}`}
      ${since === undefined ? sql`` : sql`and at >= ${since}`}`;
    const [records, [counted]] = await Promise.all([
      db.read<AuditRecord>(
        sql`select ${columns} from audit where ${fitting} order by seq desc limit ${limit}`,
      ),
      db.read<{ total: number }>(sql`select count(*) as total from audit where ${fitting}`),
    ]);
    return { records, total: counted?.total ?? 0 };
  },

  async clear(formationId) {
    const [result] = await db.write([sql`delete from audit where formation_id = ${formationId}`]);
    return result?.changes ?? 0;
  },
});
