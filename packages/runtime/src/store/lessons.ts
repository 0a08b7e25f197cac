import type { Database } from "./database/index.ts";
import { type Statement, sql, textRows } from "./database/index.ts";
import type { Owner } from "./sessions.ts";
import type { Unlearned } from "./unlearned.ts";

/** A session with turns to learn from. */
export interface LessonSession {
  owner: Owner;
  sessionId: string;
}

/** A turn that has not been learned from yet. */
export interface Lesson extends LessonSession {
  seq: number;
  requestId: string;
  /** Number of its message; null for one that an older version has stored. */
  messageSeq: number | null;
  /** End of its lease, in Unix milliseconds. It tells leases apart: a later one ends later. */
  until: number;
  attempts: number;
}

/** What was said in a turn, and where. `answer` is null while it is missing. */
export interface LearnableTurn extends Pick<Lesson, "sessionId" | "requestId"> {
  messageId: string;
  /** Unix milliseconds. */
  saidAt: number;
  message: string;
  answer: string | null;
}

/** The turns that a formation has not learned from yet. A lesson is stored with its message, so a crash loses none. */
export interface LessonRepository {
  /** Statement that adds a lesson, for the transaction of its message, behind it. */
  note(owner: Owner, sessionId: string, requestId: string, now: number): Statement;
  /**
   * Sessions in which nothing was said since a time and whose lessons nobody has leased, oldest first.
   *
   * @param which.limit Maximum number of sessions.
   */
  silent(formationId: string, which: { since: number; now: number; limit: number }): Promise<LessonSession[]>;
  /**
   * Leases the lessons of some sessions until `until`, oldest first: those of turns that have ended or began before
   * `begunBefore`, and that nobody else has leased.
   *
   * @param which.limit Maximum number of lessons.
   */
  claim(
    formationId: string,
    sessions: readonly LessonSession[],
    which: { now: number; begunBefore: number; until: number; limit: number },
  ): Promise<Lesson[]>;
  /** What was said, in order; without turns whose message has been deleted. */
  turnsOf(lessons: readonly Lesson[]): Promise<LearnableTurn[]>;
  /** What a user has said that nothing was learned from yet, newest first. */
  unlearned(owner: Owner): Promise<readonly string[]>;
  /**
   * Deletes lessons and stores what was learned, in one transaction.
   *
   * @returns False when somebody else has leased or deleted one of them meanwhile: then nothing is stored, and what was learned
   * of the others is learned anew.
   */
  finish(lessons: readonly Lesson[], learned: readonly Statement[]): Promise<boolean>;
  /** Releases leases; the lessons may be leased again at `due`. */
  release(lessons: readonly Lesson[], due: number, hasFailed: boolean): Promise<void>;
}

/** How many of the newest messages of a session are searched for one whose number is not known. */
const newestLookedAt = 50;

interface SaidInTurn {
  lesson: number;
  seq: number;
  id: string;
  role: string;
  content: string;
  createdAt: number;
}

/** The turn of a lesson among the messages of its request, oldest first: that has several when it asked its user. */
const turnIn = (
  rows: readonly SaidInTurn[],
  { sessionId, requestId, messageSeq }: Lesson,
): LearnableTurn | undefined => {
  const at = rows.findIndex(
    ({ seq, role }) => role === "user" && (messageSeq === null || Number(seq) === messageSeq),
  );
  const message = rows[at];
  if (!message) return undefined;
  const behind = rows.slice(at + 1);
  const next = behind.findIndex(({ role }) => role === "user");
  const answers = next < 0 ? behind : behind.slice(0, next);
  return {
    sessionId,
    requestId,
    messageId: message.id,
    saidAt: message.createdAt,
    message: message.content,
    answer: answers.at(-1)?.content ?? null,
  };
};

const literal = (text: string): Statement => ({ text, values: [] });

export const createLessonRepository = (db: Database, unlearned: Unlearned): LessonRepository => {
  const listed = (values: readonly string[]) => textRows(db.dialect, [...new Set(values)]);
  const noting = db.dialect.each({
    given: {
      formation_id: "text",
      user_id: "text",
      session_id: "text",
      request_id: "text",
      now: "bigint",
    },
    text: `insert into lesson (formation_id, user_id, session_id, request_id, message_seq, said_at, due, attempts)
      select given.formation_id, given.user_id, given.session_id, given.request_id,
        (select message.seq from session join message on message.session_seq = session.seq
          where session.formation_id = given.formation_id and session.user_id = given.user_id
            and session.id = given.session_id and message.request_id = given.request_id and message.role = 'user'
          order by message.seq desc limit 1),
        given.now, given.now, 0 from given
      ${db.dataVersion ? "returning (select content from message where message.seq = lesson.message_seq) as content" : ""}`,
  });
  /** Those of one lease, unless another one has begun meanwhile. */
  const leased = (lessons: readonly Lesson[]) =>
    sql`seq ${db.dialect.isOneOf(lessons.map(({ seq }) => seq))} and due = ${lessons[0]?.until ?? 0}`;

  return {
    note: (owner, sessionId, requestId, now) => ({
      ...noting(
        {
          formation_id: owner.formationId,
          user_id: owner.userId,
          session_id: sessionId,
          request_id: requestId,
          now,
        },
        requestId,
      ),
      onCommit({ rows }) {
        const content = rows[0]?.content;
        if (typeof content === "string") unlearned.added(owner, content);
      },
    }),

    async silent(formationId, { since, now, limit }) {
      const rows = await db.read<{ userId: string; sessionId: string }>(
        sql`select user_id as "userId", session_id as "sessionId" from lesson
          where formation_id = ${formationId} group by user_id, session_id
          having max(said_at) <= ${since} and min(due) <= ${now} order by min(seq) limit ${limit}`,
      );
      return rows.map(({ userId, sessionId }) => ({ owner: { formationId, userId }, sessionId }));
    },

    async claim(formationId, sessions, { now, begunBefore, until, limit }) {
      const skipClaimed: Statement = { text: db.dialect.skipClaimed, values: [] };
      const [result] = await db.write([
        // As the value of an expression, a list is looked up in a table of hashes and not gone through for each lesson.
        sql`update lesson set due = ${until}
          where seq in (select seq from lesson
            where formation_id = ${formationId}
              and user_id in ${listed(sessions.map(({ owner }) => owner.userId))}
              and (session_id in ${listed(sessions.map(({ sessionId }) => sessionId))}) is true
              and due <= ${now} and (said_at < ${begunBefore} or not exists (select 1 from request
                where request.formation_id = lesson.formation_id and request.id = lesson.request_id
                  and completed_at is null))
            order by seq limit ${limit} ${skipClaimed})
          returning seq, user_id, session_id, request_id, message_seq, attempts`,
      ]);
      return (result?.rows ?? []).map((row) => ({
        seq: Number(row.seq),
        owner: { formationId, userId: String(row.user_id) },
        sessionId: String(row.session_id),
        requestId: String(row.request_id),
        messageSeq: row.message_seq === null ? null : Number(row.message_seq),
        until,
        attempts: Number(row.attempts),
      }));
    },

    async turnsOf(lessons) {
      const rows = await db.read<SaidInTurn>(
        sql`select lesson.seq as lesson, message.seq, message.id, role, content, message.created_at as "createdAt"
          from lesson
            join session on session.formation_id = lesson.formation_id and session.id = lesson.session_id
              and session.user_id = lesson.user_id
            join message on message.session_seq = session.seq and message.request_id = lesson.request_id
              and message.seq >= coalesce(lesson.message_seq, (select min(seq) from (
                select seq from message as any_message where any_message.session_seq = session.seq
                order by seq desc limit ${newestLookedAt}) as newest))
          where lesson.seq ${db.dialect.isOneOf(lessons.map(({ seq }) => seq))}
          order by lesson.seq, message.seq`,
      );
      const rowsOf = ({ seq }: Lesson) => rows.filter(({ lesson }) => Number(lesson) === seq);
      return lessons.flatMap((lesson) => turnIn(rowsOf(lesson), lesson) ?? []);
    },

    unlearned: unlearned.of,

    async finish(lessons, learned) {
      const locked = sql`select seq from lesson where ${leased(lessons)} order by seq ${literal(db.dialect.lockRows)}`;
      const deleting = sql`delete from lesson where ${leased(lessons)}
        and (select count(*) from (${locked}) as locked) = ${lessons.length}`;
      const onCommit = () => {
        for (const { owner } of lessons) unlearned.deleted(owner);
      };
      return (await db.writeIf({ ...deleting, onCommit }, learned)) !== undefined;
    },

    async release(lessons, due, hasFailed) {
      await db.write([
        sql`update lesson set due = ${due}, attempts = attempts + ${hasFailed ? 1 : 0} where ${leased(lessons)}`,
      ]);
    },
  };
};
