import type { Database } from "./database/index.ts";
import { type Statement, sql } from "./database/index.ts";
import { inSession, type Owner } from "./sessions.ts";

/** A turn that has not been learned from yet. */
export interface Lesson {
  seq: number;
  owner: Owner;
  sessionId: string;
  requestId: string;
  saidAt: number;
  attempts: number;
}

/** What was said in a turn. `answer` is null while it is missing. */
export interface LearnableTurn {
  message: string;
  answer: string | null;
}

/** The turns that a formation has not learned from yet. A lesson is stored with its message, so a crash loses none. */
export interface LessonRepository {
  /** Statement that adds a lesson, for the transaction of its message. It is due once the turn must have ended. */
  note(owner: Owner, sessionId: string, requestId: string, now: number, due: number): Statement;
  /** Requests that were answered but not learned from, because their process ended in between. */
  answered(formationId: string): Promise<string[]>;
  /**
   * Leases lessons of these requests, and those that are due, until `until`.
   *
   * @param which.users Maximum number of users, so that many turns of few users are taken together.
   */
  claim(
    formationId: string,
    which: { requestIds: readonly string[]; now: number; until: number; limit: number; users: number },
  ): Promise<Lesson[]>;
  /** What was said; undefined when the message has been deleted. */
  turnOf(lesson: Lesson): Promise<LearnableTurn | undefined>;
  /** Deletes lessons and stores what was learned, in one transaction. */
  finish(lessons: readonly Lesson[], learned: readonly Statement[]): Promise<void>;
  /** Releases leases; the lessons are due again at `due`. */
  release(lessons: readonly Lesson[], due: number, hasFailed: boolean): Promise<void>;
}

/** How many of the newest messages of a session are searched for those of a turn: a long session costs no more. */
const newestLookedAt = 50;

export const createLessonRepository = (db: Database): LessonRepository => {
  const listed = (values: readonly string[]) =>
    sql`(select value from ${db.dialect.textsOf(JSON.stringify(values))} as listed)`;
  const among = (lessons: readonly Lesson[]) => sql`seq ${db.dialect.isOneOf(lessons.map(({ seq }) => seq))}`;

  return {
    note: ({ formationId, userId }, sessionId, requestId, now, due) =>
      sql`insert into lesson (formation_id, user_id, session_id, request_id, said_at, due, attempts)
        values (${formationId}, ${userId}, ${sessionId}, ${requestId}, ${now}, ${due}, 0)`,

    async answered(formationId) {
      const rows = await db.read<{ requestId: string }>(
        sql`select request_id as "requestId" from lesson
          where formation_id = ${formationId} and exists (
            select 1 from session join message on message.session_seq = session.seq
            where session.formation_id = lesson.formation_id and session.id = lesson.session_id
              and message.request_id = lesson.request_id and message.role = 'assistant')
          order by seq`,
      );
      return rows.map(({ requestId }) => requestId);
    },

    async claim(formationId, { requestIds, now, until, limit, users }) {
      const skipClaimed: Statement = { text: db.dialect.skipClaimed, values: [] };
      const ready = sql`formation_id = ${formationId} and (due <= ${now} or request_id in ${listed(requestIds)})`;
      const [result] = await db.write([
        sql`update lesson set due = ${until}
          where seq in (select seq from lesson
            where ${ready}
              and user_id in (select user_id from (select user_id from lesson where ${ready} order by seq limit ${users}) as first)
            order by seq limit ${limit} ${skipClaimed})
          returning seq, user_id, session_id, request_id, said_at, attempts`,
      ]);
      return (result?.rows ?? []).map((row) => ({
        seq: Number(row.seq),
        owner: { formationId, userId: String(row.user_id) },
        sessionId: String(row.session_id),
        requestId: String(row.request_id),
        saidAt: Number(row.said_at),
        attempts: Number(row.attempts),
      }));
    },

    async turnOf({ owner, sessionId, requestId }) {
      const rows = await db.read<{ role: string; content: string }>(
        sql`select role, content from (
            select seq, role, content, request_id from message
            where ${inSession(owner, sessionId)}
            order by seq desc limit ${newestLookedAt}) as newest
          where request_id = ${requestId} order by seq`,
      );
      const message = rows.find(({ role }) => role === "user")?.content;
      if (message === undefined) return undefined;
      return { message, answer: rows.findLast(({ role }) => role === "assistant")?.content ?? null };
    },

    async finish(lessons, learned) {
      await db.write([...learned, sql`delete from lesson where ${among(lessons)}`]);
    },

    async release(lessons, due, hasFailed) {
      await db.write([
        sql`update lesson set due = ${due}, attempts = attempts + ${hasFailed ? 1 : 0}
          where ${among(lessons)}`,
      ]);
    },
  };
};
