import type { Database } from "./database/index.ts";
import { type Statement, sql } from "./database/index.ts";
import { forgettingSummaries } from "./forgetting-summaries.ts";
import { approvalsIn } from "./session-approvals.ts";
import type { Owner } from "./sessions.ts";
import type { Unlearned } from "./unlearned.ts";

/** Figures about the buffered messages of one session. */
export interface SessionBuffer {
  sessionId: string;
  messages: number;
  characters: number;
  lastActivity: number;
}

export interface BufferTotals {
  messages: number;
  users: number;
  sessions: number;
  characters: number;
}

export interface Cleared {
  messages: number;
  sessions: number;
}

/**
 * The buffer of recent messages (docs/spec/formation-files.md "Sessions and the buffer"): the newest
 * `capacity` messages of each user. Older ones stay in the history of their session until it is cleared.
 */
export interface BufferRepository {
  ofUser(owner: Owner, capacity: number): Promise<SessionBuffer[]>;
  /** Figures about the buffers of all users together. */
  totals(formationId: string, capacity: number): Promise<BufferTotals>;
  /** Deletes the messages of a user or of one session; without a user, those of all users. */
  clear(formationId: string, whose: { userId?: string; sessionId?: string }): Promise<Cleared>;
}

export const createBufferRepository = (
  db: Database,
  unlearned: Pick<Unlearned, "deleted">,
): BufferRepository => ({
  ofUser: ({ formationId, userId }, capacity) =>
    db.read(
      sql`select session.id as "sessionId", count(*) as messages, sum(length(newest.content)) as characters,
          max(newest.created_at) as "lastActivity"
        from (select session_seq, content, created_at from message
          where session_seq in (
            select seq from session where formation_id = ${formationId} and user_id = ${userId}
            order by last_activity desc limit ${capacity})
          order by seq desc limit ${capacity}) as newest
          join session on session.seq = newest.session_seq
        group by session.id order by max(newest.created_at) desc`,
    ),

  async totals(formationId, capacity) {
    const [totals] = await db.read<BufferTotals>(
      sql`select count(*) as messages, count(distinct user_id) as users, count(distinct session_seq) as sessions,
          coalesce(sum(length(content)), 0) as characters
        from (select session.user_id, message.session_seq, message.content,
            row_number() over (partition by session.user_id order by message.seq desc) as place
          from session join message on message.session_seq = session.seq
          where session.formation_id = ${formationId}) as numbered
        where place <= ${capacity}`,
    );
    return totals ?? { messages: 0, users: 0, sessions: 0, characters: 0 };
  },

  async clear(formationId, { userId, sessionId }) {
    const sessions = sql`formation_id = ${formationId}
      ${userId === undefined ? sql`` : sql`and user_id = ${userId}`}
      ${sessionId === undefined ? sql`` : sql`and id = ${sessionId}`}`;
    const lockRows: Statement = { text: db.dialect.lockRows, values: [] };
    const before = [
      // Waits for transactions that are adding messages to these sessions, and keeps new ones from doing so.
      sql`select count(*) from (select seq from session where ${sessions} order by seq ${lockRows}) as locked`,
      ...forgettingSummaries(sql`select seq from session where ${sessions}`),
    ];
    const results = await db.write([
      ...before,
      {
        ...sql`delete from message where session_seq in (select seq from session where ${sessions})`,
        onCommit: () => unlearned.deleted(userId === undefined ? undefined : { formationId, userId }),
      },
      sql`delete from lesson
        where formation_id = ${formationId} and session_id in (select id from session where ${sessions})`,
      approvalsIn(formationId, sessions),
      // A session that was created meanwhile keeps its message.
      sql`delete from session where ${sessions}
        and not exists (select 1 from message where session_seq = session.seq)`,
    ]);
    return { messages: results[before.length]?.changes ?? 0, sessions: results.at(-1)?.changes ?? 0 };
  },
});
