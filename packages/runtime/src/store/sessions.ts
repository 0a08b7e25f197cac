import { newId, type Role } from "@muxi/protocol";
import type { Database, Dialect } from "./database/index.ts";
import { type Statement, sql } from "./database/index.ts";
import { forgettingSummaries } from "./forgetting-summaries.ts";
import { afterPlace, type ListPage } from "./list-page.ts";
import { forgetSessions } from "./old-sessions.ts";

/** Whose data is meant. Queries for data of a user require it. */
export interface Owner {
  formationId: string;
  userId: string;
}

export interface StoredMessage {
  id: string;
  role: Role;
  content: string;
  agentId: string | null;
  /** The request that it belongs to. */
  requestId: string | null;
  metadata: Record<string, unknown>;
  /** Unix milliseconds. */
  createdAt: number;
}

export interface StoredSession {
  id: string;
  seq: number;
  createdAt: number;
  lastActivity: number;
  messageCount: number;
}

export interface NewMessage {
  role: Role;
  content: string;
  createdAt: number;
  requestId?: string;
  agentId?: string;
  metadata?: Record<string, unknown>;
}

export interface SessionSummary {
  id: string;
  seq: number;
  lastActivity: number;
}

/** A message as a model may see it. */
export interface RecentMessage {
  /** Its number: later messages have higher ones. */
  seq: number;
  role: Role;
  content: string;
  /** The request that it belongs to. */
  requestId: string | null;
  /** Who answered so. */
  agentId: string | null;
  /** 1 for an answer that the user's next message has cut off; only where it was asked for. */
  isCut?: number;
}

export interface SessionState {
  state: "new" | "own" | "foreign";
  /** Messages of its user so far. */
  turns: number;
  /** Whether a request of it has asked its user something. */
  asks: boolean;
  /** Requests of it that are being answered or wait for that. */
  open: number;
}

/** Sessions and their messages, each call for one owner. */
export interface SessionRepository {
  /**
   * The last messages of a session, oldest first; none when the session is new or belongs to another user.
   *
   * @param options.until A request whose own message is stored already: that one, and what users said after it, is left
   * out.
   * @param options.from Number of that message where its request has said more since: all of that is left out too.
   * @param options.cuts Whether to tell which answers were cut off.
   */
  recent(
    owner: Owner,
    sessionId: string,
    limit: number,
    options?: { until?: string | undefined; from?: number | undefined; cuts?: boolean },
  ): Promise<RecentMessage[]>;
  /** Number of the newest message of the user that a request has with these words; undefined when there is none. */
  numberOf(
    owner: Owner,
    sessionId: string,
    message: { requestId: string; content: string },
  ): Promise<number | undefined>;
  /** What a session id is to an owner. */
  stateFor(owner: Owner, sessionId: string): Promise<SessionState>;
  /**
   * Adds a message, and the session when it is new.
   *
   * @param also What is written with it, in the same transaction.
   * @returns False when the session belongs to someone else: nothing was written.
   */
  append(owner: Owner, sessionId: string, message: NewMessage, also: readonly Statement[]): Promise<boolean>;
  /**
   * Adds a message of the user, unless another one has come since the session had this many turns.
   *
   * @returns False when one has, or the session belongs to someone else: nothing was written.
   */
  appendNext(
    owner: Owner,
    session: { id: string; turns: number },
    message: NewMessage,
    also: readonly Statement[],
  ): Promise<boolean>;
  /** The same as statements, for a session that is new or the owner's own. */
  adding(owner: Owner, sessionId: string, message: NewMessage): Statement[];
  /** Statement that adds a message to an existing session. It changes nothing when the session has been deleted. */
  answering(owner: Owner, sessionId: string, message: NewMessage): Statement;
  /** Newest first. */
  list(owner: Owner, options: ListPage & { activeSince?: number }): Promise<SessionSummary[]>;
  /** With the newest summary of what was said in it, if there is one. */
  get(owner: Owner, sessionId: string): Promise<(StoredSession & { summary: string | null }) | undefined>;
  /** The newest messages, or the newest before a time; oldest first. */
  messages(
    owner: Owner,
    sessionId: string,
    options: { limit: number; before?: number },
  ): Promise<{ messages: StoredMessage[]; hasMore: boolean }>;
  /** Sessions that were active between two times, newest first. `title` is the first message. */
  history(
    owner: Owner,
    options: ListPage & { from: number; to: number },
  ): Promise<(StoredSession & { title: string | null })[]>;
  /** Replaces the messages of a session. False when it belongs to another user. */
  replace(owner: Owner, sessionId: string, messages: readonly NewMessage[], now: number): Promise<boolean>;
  /**
   * Deletes messages of before a time, and sessions that have none left, at most `limit` of each. Sessions that are being
   * answered, or that are not learned from yet, stay.
   *
   * @returns 0 when there is nothing left to do.
   */
  forget(formationId: string, before: number, limit: number): Promise<number>;
}

const turnsIn = (messages: readonly NewMessage[]): number =>
  messages.filter(({ role }) => role === "user").length;

const ofOwner = ({ formationId, userId }: Owner) =>
  sql`formation_id = ${formationId} and user_id = ${userId}`;

const one = (owner: Owner, sessionId: string) => sql`${ofOwner(owner)} and id = ${sessionId}`;

/** Condition for the messages of a session; no message meets it when the session belongs to another user. */
export const inSession = (owner: Owner, sessionId: string): Statement =>
  sql`session_seq = (select seq from session where ${one(owner, sessionId)})`;

/** Column that tells of answers with `interrupted` in their metadata. */
const isCut = sql`, case when role = 'assistant' and metadata like ${'%"interrupted":true%'} then 1 else 0 end as "isCut"`;

const sessionRow = {
  formation_id: "text",
  id: "text",
  user_id: "text",
  now: "bigint",
  turns: "bigint",
} as const;

const messageRow = {
  formation_id: "text",
  user_id: "text",
  session_id: "text",
  id: "text",
  request_id: "text",
  role: "text",
  content: "text",
  agent_id: "text",
  metadata: "text",
  now: "bigint",
} as const;

/** Statements that add to sessions. */
const createAdding = ({ each, keepRows }: Dialect) => {
  const touching = (condition: string) =>
    each({
      given: sessionRow,
      text: `insert into session (formation_id, id, user_id, created_at, last_activity, turns)
        select given.formation_id, given.id, given.user_id, given.now, given.now, given.turns from given where true
        on conflict (formation_id, id) do update set last_activity = excluded.last_activity,
          turns = session.turns + excluded.turns
        where session.user_id = excluded.user_id ${condition}`,
      key: "id",
    });
  const touchAny = touching("");
  const touchFirst = touching("and session.turns = 0");
  const touchLater = each({
    given: sessionRow,
    text: `update session set last_activity = given.now, turns = session.turns + 1 from given
      where session.formation_id = given.formation_id and session.id = given.id and session.user_id = given.user_id
        and session.turns = given.turns`,
    key: "session.id",
  });
  const rowOf = ({ formationId, userId }: Owner, id: string, now: number, turns: number) => ({
    formation_id: formationId,
    id,
    user_id: userId,
    now,
    turns,
  });

  /**
   * Each message of a session is at least a millisecond later than the one before, whatever the clock says, so that
   * paging by time skips none.
   */
  const inserting = (lock: string) => {
    const insert = each({
      given: messageRow,
      text: `insert into message (session_seq, id, request_id, role, content, agent_id, metadata, created_at)
        select session.seq, given.id, given.request_id, given.role, given.content, given.agent_id, given.metadata,
          coalesce(
            (select case when message.created_at >= given.now then message.created_at + 1 else given.now end
              from message where session_seq = session.seq order by message.seq desc limit 1),
            given.now)
        from session, given where session.formation_id = given.formation_id and session.id = given.session_id
          and session.user_id = given.user_id ${lock}`,
    });
    return ({ formationId, userId }: Owner, sessionId: string, message: NewMessage): Statement =>
      insert(
        {
          formation_id: formationId,
          user_id: userId,
          session_id: sessionId,
          id: newId("message"),
          request_id: message.requestId ?? null,
          role: message.role,
          content: message.content,
          agent_id: message.agentId ?? null,
          metadata: message.metadata ? JSON.stringify(message.metadata) : null,
          now: message.createdAt,
        },
        sessionId,
      );
  };

  return {
    /** Changes no row when the session belongs to someone else. On Postgres it lets one process after the other go on. */
    touch: (owner: Owner, id: string, now: number, turns: number) =>
      touchAny(rowOf(owner, id, now, turns), id),
    /** The same for the next turn of a session that has had so many: changes no row when it has had more. */
    touchNext: (owner: Owner, id: string, now: number, turns: number) =>
      turns === 0 ? touchFirst(rowOf(owner, id, now, 1), id) : touchLater(rowOf(owner, id, now, turns), id),
    insertMessage: inserting(""),
    insertAnswer: inserting(keepRows),
  };
};

/** @param onDeleted Called when messages of a user were deleted. */
export const createSessionRepository = (
  db: Database,
  onDeleted: (owner: Owner) => void,
): SessionRepository => {
  const { touch, touchNext, insertMessage, insertAnswer } = createAdding(db.dialect);
  return {
    async recent(owner, sessionId, limit, { until, from, cuts = false } = {}) {
      const ofSession = inSession(owner, sessionId);
      const own = from === undefined ? sql`role = 'user'` : sql`seq = ${from}`;
      // A session that was restored meanwhile has lost the message.
      const before = sql`coalesce((select seq from message
        where ${ofSession} and request_id = ${until ?? null} and ${own} order by seq desc limit 1),
        ${Number.MAX_SAFE_INTEGER})`;
      const isAnswerBefore =
        from === undefined
          ? sql`role <> 'user'`
          : sql`role <> 'user' and request_id <> ${until ?? null} and request_id in (select request_id from message
              where ${ofSession} and role = 'user' and seq < ${before})`;
      const isBefore = sql`and (seq < ${before} or (${isAnswerBefore}))`;
      const rows = await db.read<RecentMessage>(
        sql`select seq, role, content, request_id as "requestId", agent_id as "agentId" ${cuts ? isCut : sql``}
          from message
          where ${ofSession} ${until === undefined ? sql`` : isBefore}
          order by seq desc limit ${limit}`,
      );
      return rows.reverse();
    },

    async numberOf(owner, sessionId, { requestId, content }) {
      const [row] = await db.read<{ seq: number }>(
        sql`select seq from message where ${inSession(owner, sessionId)} and request_id = ${requestId}
          and role = 'user' and content = ${content} order by seq desc limit 1`,
      );
      return row && Number(row.seq);
    },

    async stateFor({ formationId, userId }, sessionId) {
      const [row] = await db.read<{ userId: string; turns: number; open: number; asking: number }>(
        sql`select session.user_id as "userId", turns, count(request.id) as open,
            coalesce(sum(case when status = 'awaiting_clarification' then 1 else 0 end), 0) as asking
          from session left join request on request.formation_id = session.formation_id
            and request.session_id = session.id and request.user_id = session.user_id
            and request.completed_at is null
          where session.formation_id = ${formationId} and session.id = ${sessionId}
          group by session.user_id, turns`,
      );
      if (row === undefined) return { state: "new", turns: 0, asks: false, open: 0 };
      return {
        state: row.userId === userId ? "own" : "foreign",
        turns: Number(row.turns),
        asks: Number(row.asking) > 0,
        open: Number(row.open) - Number(row.asking),
      };
    },

    async append(owner, sessionId, message, also) {
      const rest = [insertMessage(owner, sessionId, message), ...also];
      return (await db.writeIf(touch(owner, sessionId, message.createdAt, 1), rest)) !== undefined;
    },

    async appendNext(owner, { id, turns }, message, also) {
      const isNext = touchNext(owner, id, message.createdAt, turns);
      return (await db.writeIf(isNext, [insertMessage(owner, id, message), ...also])) !== undefined;
    },

    adding: (owner, sessionId, message) => [
      touch(owner, sessionId, message.createdAt, turnsIn([message])),
      insertMessage(owner, sessionId, message),
    ],

    answering: insertAnswer,

    list: (owner, { limit, before, activeSince }) =>
      db.read(
        sql`select id, seq, last_activity as "lastActivity" from session
          where ${ofOwner(owner)} and last_activity >= ${activeSince ?? 0} ${afterPlace(sql`last_activity`, before)}
          order by last_activity desc, seq desc limit ${limit}`,
      ),

    async get(owner, sessionId) {
      const [session] = await db.read<StoredSession & { summary: string | null }>(
        sql`select id, seq, created_at as "createdAt", last_activity as "lastActivity",
            (select count(*) from message where session_seq = session.seq) as "messageCount",
            (select text from session_summary where session_seq = session.seq and text <> ''
              order by before_seq desc limit 1) as summary
          from session where ${one(owner, sessionId)}`,
      );
      return session;
    },

    async messages(owner, sessionId, { limit, before }) {
      const rows = await db.read<Omit<StoredMessage, "metadata"> & { metadata: string | null }>(
        sql`select id, role, content, agent_id as "agentId", request_id as "requestId", metadata,
            created_at as "createdAt" from message
          where ${inSession(owner, sessionId)} and created_at < ${before ?? Number.MAX_SAFE_INTEGER}
          order by seq desc limit ${limit + 1}`,
      );
      const messages = rows.slice(0, limit).reverse();
      return {
        messages: messages.map((row) => ({
          ...row,
          metadata: row.metadata === null ? {} : (JSON.parse(row.metadata) as Record<string, unknown>),
        })),
        hasMore: rows.length > limit,
      };
    },

    history: (owner, { limit, before, from, to }) =>
      db.read(
        sql`select id, seq, created_at as "createdAt", last_activity as "lastActivity",
            (select count(*) from message where session_seq = session.seq) as "messageCount",
            (select content from message where session_seq = session.seq order by seq limit 1) as title
          from session where ${ofOwner(owner)} and last_activity >= ${from} and created_at <= ${to}
            ${afterPlace(sql`last_activity`, before)}
          order by last_activity desc, seq desc limit ${limit}`,
      ),

    async replace(owner, sessionId, messages, now) {
      const touched = await db.writeIf(touch(owner, sessionId, now, 0), [
        sql`update session set turns = ${turnsIn(messages)}, oldest_at = ${messages[0]?.createdAt ?? now}
          where ${one(owner, sessionId)}`,
        {
          ...sql`delete from message where ${inSession(owner, sessionId)}`,
          onCommit: () => onDeleted(owner),
        },
        ...forgettingSummaries(sql`select seq from session where ${one(owner, sessionId)}`),
        ...messages.map((message) => insertMessage(owner, sessionId, message)),
      ]);
      return touched !== undefined;
    },

    forget: (formationId, before, limit) => forgetSessions(db, formationId, before, limit),
  };
};
