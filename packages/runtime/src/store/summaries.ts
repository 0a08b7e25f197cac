import type { Database } from "./database/index.ts";
import { type Statement, sql } from "./database/index.ts";
import { inSession, type Owner } from "./sessions.ts";

/** `window`: of what models do not see any more; `log`: of a whole session. */
export type SummaryKind = "window" | "log";

/** What was said in a session before one of its messages. */
export interface StoredSummary {
  text: string;
  /** Number of the first message that it is not about. */
  before: number;
}

/** A summary that is to be made, leased until a time. */
export interface SummaryTask {
  sessionSeq: number;
  kind: SummaryKind;
  /** Number of the first message that it is not about; 0 for none. */
  before: number;
  /** End of its lease, in Unix milliseconds. */
  until: number;
  attempts: number;
}

/** A session as a user's history tells it. */
export interface EarlierSession {
  id: string;
  lastActivity: number;
  summary: string | null;
  /** As JSON. */
  details: string | null;
  /** What the user said in it, newest first. */
  said: string[];
}

export interface SummarisedMessage {
  seq: number;
  role: "user" | "assistant";
  content: string;
}

export interface MadeSummary extends StoredSummary {
  /** More than its text, as JSON. */
  details: string | null;
  /** Whether it is about all that its task asks for. */
  isComplete: boolean;
}

/** Summaries of sessions (docs/spec/formation-files.md "Long conversations"). */
export interface SummaryRepository {
  /** Those of what fell out of a session's window, newest first. */
  ofWindow(owner: Owner, sessionId: string): Promise<StoredSummary[]>;
  /**
   * Statement that asks for a summary of what was said before the newest messages of the user, for the transaction of the
   * last one of them, behind it.
   *
   * @param kept How many of them it is not about.
   */
  note(owner: Owner, sessionId: string, kept: number, now: number): Statement;
  /** Statement that asks for a summary of the whole session at a time, unless it is asked for again until then. */
  noteLog(owner: Owner, sessionId: string, due: number): Statement;
  /**
   * The newest 100 sessions of a user in a time, in Unix milliseconds, newest first, but for one of them, with the newest 1,000
   * messages of the user in them that are not left out of summaries.
   */
  earlier(owner: Owner, butFor: string, during: { from: number; to: number }): Promise<EarlierSession[]>;
  /** When the next task is due, in Unix milliseconds; undefined when there is none. */
  nextDue(formationId: string): Promise<number | undefined>;
  /** Leases tasks that are due until `until`, those that wait longest first. */
  claim(formationId: string, which: { now: number; until: number; limit: number }): Promise<SummaryTask[]>;
  /** The newest summary that a task can go on from. */
  before(task: SummaryTask): Promise<StoredSummary | undefined>;
  /** What was said from a message on that a task is about, oldest first, without what is left out of summaries. */
  messages(task: SummaryTask, from: number, limit: number): Promise<SummarisedMessage[]>;
  /**
   * Stores a summary, unless somebody else has leased its task or messages were deleted meanwhile.
   *
   * @returns Whether it was stored.
   */
  finish(task: SummaryTask, made: MadeSummary, now: number): Promise<boolean>;
  /** Ends a lease; the task may be leased again at `due`. */
  release(task: SummaryTask, due: number, hasFailed: boolean): Promise<void>;
  /** Gives a task up. */
  drop(task: SummaryTask): Promise<void>;
}

const mostEarlier = 100;
const mostSaid = 1_000;
/** Characters of a message that are looked through. */
const longestSaid = 2_000;
/** Of the window's summaries one is in use, and the next is ready. */
const keptOfWindow = 2;

export const createSummaryRepository = (db: Database): SummaryRepository => {
  const ofTask = ({ sessionSeq, kind }: SummaryTask) => sql`session_seq = ${sessionSeq} and kind = ${kind}`;
  const leased = (task: SummaryTask) => sql`${ofTask(task)} and due = ${task.until}`;

  return {
    async ofWindow(owner, sessionId) {
      const rows = await db.read<StoredSummary>(
        sql`select text, before_seq as before from session_summary
          where ${inSession(owner, sessionId)} and kind = 'window' order by before_seq desc limit ${keptOfWindow}`,
      );
      return rows.map(({ text, before }) => ({ text, before: Number(before) }));
    },

    note: ({ formationId, userId }, sessionId, kept, now) =>
      sql`insert into summary_task (session_seq, kind, formation_id, before_seq, due, attempts)
        select session_seq, 'window', ${formationId}, before_seq, ${now}, 0
        from (select session.seq as session_seq,
            (select message.seq from message where message.session_seq = session.seq and role = 'user'
              order by message.seq desc limit 1 offset ${kept - 1}) as before_seq
          from session where formation_id = ${formationId} and user_id = ${userId} and id = ${sessionId}) as noted
        where before_seq is not null
        on conflict (session_seq, kind) do update set before_seq = excluded.before_seq, attempts = 0,
          due = case when summary_task.due > excluded.due then summary_task.due else excluded.due end`,

    noteLog: ({ formationId, userId }, sessionId, due) =>
      sql`insert into summary_task (session_seq, kind, formation_id, before_seq, due, attempts)
        select seq, 'log', formation_id, 0, cast(${due} as bigint), 0 from session
        where formation_id = ${formationId} and user_id = ${userId} and id = ${sessionId}
        on conflict (session_seq, kind) do update set before_seq = 0, due = excluded.due, attempts = 0`,

    async earlier({ formationId, userId }, butFor, { from, to }) {
      const sessions = await db.read<Omit<EarlierSession, "said"> & { seq: number }>(
        sql`select seq, id, last_activity as "lastActivity",
            (select text from session_summary where session_seq = session.seq and text <> ''
              order by before_seq desc limit 1) as summary,
            (select details from session_summary where session_seq = session.seq and text <> ''
              order by before_seq desc limit 1) as details
          from session where formation_id = ${formationId} and user_id = ${userId} and id <> ${butFor}
            and last_activity >= ${from} and created_at < ${to}
          order by last_activity desc, seq desc limit ${mostEarlier}`,
      );
      const seqs = sessions.map(({ seq }) => Number(seq));
      const said = await db.readLong<{ session: number; content: string }>(
        sql`select session_seq as session, substr(content, 1, ${longestSaid}) as content from message
          where session_seq ${db.dialect.isOneOf(seqs)} and role = 'user'
            and not exists (select 1 from summary_omission where summary_omission.session_seq = message.session_seq
              and summary_omission.request_id = message.request_id)
          order by seq desc limit ${mostSaid}`,
      );
      return sessions.map(({ seq, id, lastActivity, summary, details }) => ({
        id,
        lastActivity: Number(lastActivity),
        summary,
        details,
        said: said.flatMap(({ session, content }) => (Number(session) === Number(seq) ? [content] : [])),
      }));
    },

    async nextDue(formationId) {
      const [row] = await db.read<{ due: number | null }>(
        sql`select min(due) as due from summary_task where formation_id = ${formationId}`,
      );
      return row?.due === null || row?.due === undefined ? undefined : Number(row.due);
    },

    async claim(formationId, { now, until, limit }) {
      const skipClaimed: Statement = { text: db.dialect.skipClaimed, values: [] };
      const [result] = await db.write([
        sql`update summary_task set due = ${until}
          where (session_seq, kind) in (select session_seq, kind from summary_task
            where formation_id = ${formationId} and due <= ${now} order by due limit ${limit} ${skipClaimed})
          returning session_seq, kind, before_seq, attempts`,
      ]);
      return (result?.rows ?? []).map((row) => ({
        sessionSeq: Number(row.session_seq),
        kind: row.kind === "log" ? "log" : "window",
        before: Number(row.before_seq),
        until,
        attempts: Number(row.attempts),
      }));
    },

    async before({ sessionSeq, before }) {
      const [row] = await db.read<StoredSummary>(
        sql`select text, before_seq as before from session_summary where session_seq = ${sessionSeq}
          ${before === 0 ? sql`` : sql`and before_seq <= ${before}`} order by before_seq desc limit 1`,
      );
      return row && { text: row.text, before: Number(row.before) };
    },

    async messages({ sessionSeq, before }, from, limit) {
      const rows = await db.read<SummarisedMessage>(
        sql`select seq, role, content from message where session_seq = ${sessionSeq} and seq >= ${from}
            ${before === 0 ? sql`` : sql`and seq < ${before}`} and role <> 'system'
            and not exists (select 1 from summary_omission where summary_omission.session_seq = message.session_seq
              and summary_omission.request_id = message.request_id)
          order by seq limit ${limit}`,
      );
      return rows.map((row) => ({ ...row, seq: Number(row.seq) }));
    },

    async finish(task, { text, before, details, isComplete }, now) {
      const stored = sql`select before_seq from session_summary where ${ofTask(task)}
        order by before_seq desc limit ${task.kind === "window" ? keptOfWindow : 1}`;
      const rest = [
        sql`insert into session_summary (session_seq, kind, before_seq, text, details, made_at)
          values (${task.sessionSeq}, ${task.kind}, ${before}, ${text}, ${details}, ${now})
          on conflict (session_seq, kind, before_seq) do update set text = excluded.text,
            details = excluded.details, made_at = excluded.made_at`,
        sql`delete from session_summary where ${ofTask(task)} and before_seq not in (${stored})`,
        ...(isComplete
          ? [sql`delete from summary_task where ${ofTask(task)} and before_seq = ${task.before}`]
          : []),
      ];
      return (
        (await db.writeIf(
          sql`update summary_task set due = ${now}, attempts = 0 where ${leased(task)}`,
          rest,
        )) !== undefined
      );
    },

    async release(task, due, hasFailed) {
      await db.write([
        sql`update summary_task set due = ${due}, attempts = attempts + ${hasFailed ? 1 : 0} where ${leased(task)}`,
      ]);
    },

    async drop(task) {
      await db.write([sql`delete from summary_task where ${leased(task)}`]);
    },
  };
};
