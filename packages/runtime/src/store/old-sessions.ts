import type { Database } from "./database/index.ts";
import { type Statement, sql } from "./database/index.ts";
import { forgettingSummaries } from "./forgetting-summaries.ts";
import { approvalsIn } from "./session-approvals.ts";

/** Messages that a session is taken to have: so many fewer sessions are looked at, at a time. */
const perSession = 10;

/**
 * Deletes messages of before a time, and sessions that have none left, at most `limit` of each. A session is found by the
 * time of its oldest message, which is known anew when that one has gone.
 *
 * @returns How many rows were deleted or changed: when 0, there is nothing left to do.
 */
export const forgetSessions = async (
  db: Database,
  formationId: string,
  before: number,
  limit: number,
): Promise<number> => {
  const age = sql`coalesce(oldest_at, created_at)`;
  const isDue = sql`formation_id = ${formationId} and ${age} < ${before}
    and not exists (select 1 from request where request.formation_id = session.formation_id
      and request.session_id = session.id and request.completed_at is null)
    and not exists (select 1 from lesson where lesson.formation_id = session.formation_id
      and lesson.user_id = session.user_id and lesson.session_id = session.id)`;
  const found = await db.read<{ seq: number }>(
    sql`select seq from session where ${isDue} order by ${age} limit ${Math.ceil(limit / perSession)}`,
  );
  if (found.length === 0) return 0;

  const lockRows: Statement = { text: db.dialect.lockRows, values: [] };
  const these = sql`seq ${db.dialect.isOneOf(found.map(({ seq }) => Number(seq)))} and ${isDue}`;
  const firstLeft = sql`select created_at from message where session_seq = session.seq order by seq limit 1`;
  const isOver = sql`${these} and last_activity < ${before} and not exists (${firstLeft})`;
  const [, , , , messages, , sessions, others] = await db.write([
    // Waits for transactions that are adding messages to these sessions, and keeps new ones from doing so.
    sql`select count(*) from (select seq from session where ${these} order by seq ${lockRows}) as locked`,
    ...forgettingSummaries(sql`select seq from session where ${these}`),
    sql`delete from message where seq in (select message.seq from message
      where session_seq in (select seq from session where ${these}) and created_at < ${before}
      order by session_seq, seq limit ${limit})`,
    approvalsIn(formationId, isOver),
    sql`delete from session where ${isOver}`,
    sql`update session set oldest_at = coalesce((${firstLeft}), last_activity) where ${these}`,
  ]);
  return [messages, sessions, others].reduce((sum, result) => sum + (result?.changes ?? 0), 0);
};
