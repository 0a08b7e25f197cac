import type { Database } from "./database/index.ts";
import { type Statement, sql } from "./database/index.ts";
import { afterSeq, type ListPage } from "./list-page.ts";

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
  /** What exactly was done, as JSON. */
  details: string | null;
  /** How many records before this one were dropped. */
  suppressed: number;
}

export interface StoredAuditRecord extends AuditRecord {
  seq: number;
}

export interface AuditFilter extends ListPage {
  action?: string | undefined;
  resourceType?: string | undefined;
  since?: number | undefined;
}

export interface AuditRepository {
  add(formationId: string, record: AuditRecord): Promise<void>;
  /** The same as statements, for another transaction. */
  adding(formationId: string, record: AuditRecord): Statement[];
  /** The newest first. */
  list(formationId: string, filter: AuditFilter): Promise<StoredAuditRecord[]>;
  /** How many match, whatever the page. */
  count(formationId: string, filter: Omit<AuditFilter, keyof ListPage>): Promise<number>;
  /** Deletes all records and returns how many there were. */
  clear(formationId: string): Promise<number>;
  /** Deletes records of before a time, at most `limit`, and returns how many. */
  forget(formationId: string, before: number, limit: number): Promise<number>;
}

/** Records per formation; the oldest are deleted first. */
const mostKept = 100_000;

const fitting = (
  formationId: string,
  { action, resourceType, since }: Omit<AuditFilter, keyof ListPage>,
): Statement => sql`formation_id = ${formationId}
  ${action === undefined ? sql`` : sql`and action = ${action}`}
  ${resourceType === undefined ? sql`` : sql`and resource_type = ${resourceType}`}
  ${since === undefined ? sql`` : sql`and at >= ${since}`}`;

const columns = sql`id, seq, at, action, resource_type as "resourceType", resource_id as "resourceId",
  user_id as "userId", request_id as "requestId", ip, outcome, details, suppressed`;

const adding: AuditRepository["adding"] = (formationId, record) => {
  const { id, at, action, resourceType, resourceId, userId, requestId, ip, outcome, details, suppressed } =
    record;
  return [
    sql`insert into audit (formation_id, id, at, action, resource_type, resource_id, user_id, request_id, ip,
        outcome, details, suppressed)
      values (${formationId}, ${id}, ${at}, ${action}, ${resourceType}, ${resourceId}, ${userId}, ${requestId},
        ${ip}, ${outcome}, ${details}, ${suppressed})`,
    sql`delete from audit where formation_id = ${formationId}
      and seq <= (select max(seq) from audit where formation_id = ${formationId}) - ${mostKept}`,
  ];
};

export const createAuditRepository = (db: Database): AuditRepository => ({
  async add(formationId, record) {
    await db.write(adding(formationId, record));
  },

  adding,

  list: (formationId, { limit, before, ...filter }) =>
    db.read(
      sql`select ${columns} from audit where ${fitting(formationId, filter)}
          ${afterSeq(before)}
        order by seq desc limit ${limit}`,
    ),

  async count(formationId, filter) {
    const [counted] = await db.read<{ total: number }>(
      sql`select count(*) as total from audit where ${fitting(formationId, filter)}`,
    );
    return counted?.total ?? 0;
  },

  async clear(formationId) {
    const [result] = await db.write([sql`delete from audit where formation_id = ${formationId}`]);
    return result?.changes ?? 0;
  },

  async forget(formationId, before, limit) {
    // Records are numbered in the order of their times, so that the first ones are the oldest.
    const [result] = await db.write([
      sql`delete from audit where at < ${before} and seq in (
          select seq from audit where formation_id = ${formationId} order by seq limit ${limit})`,
    ]);
    return result?.changes ?? 0;
  },
});
