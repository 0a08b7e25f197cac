import { newId, type Role } from "@muxi/protocol";
import type { Database } from "./database/index.ts";
import { type Statement, sql } from "./database/index.ts";

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
  metadata: Record<string, unknown>;
  /** Unix milliseconds. */
  createdAt: number;
}

export interface StoredSession {
  id: string;
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
  lastActivity: number;
}

/** Sessions and their messages. */
export interface SessionRepository {
  /**
   * The last messages of a session, oldest first; none when the session is new or belongs to another user.
   *
   * @param until A request: only messages before its own (its last) message are returned.
   */
  recent(
    owner: Owner,
    sessionId: string,
    limit: number,
    until?: string,
  ): Promise<{ role: Role; content: string }[]>;
  /** Whether a session is new, the owner's or another user's, and whether one of its requests waits for an answer. */
  stateFor(owner: Owner, sessionId: string): Promise<{ state: "new" | "own" | "foreign"; asks: boolean }>;
  /**
   * Adds a message, and the session when it is new.
   *
   * @param also What is written in the same transaction.
   * @returns False when the session belongs to another user; nothing was written then.
   */
  append(owner: Owner, sessionId: string, message: NewMessage, also: readonly Statement[]): Promise<boolean>;
  /** The same as statements, for a session that is new or belongs to the owner. */
  adding(owner: Owner, sessionId: string, message: NewMessage): Statement[];
  /** Statement that adds a message to an existing session. It changes nothing when the session has been deleted. */
  answering(owner: Owner, sessionId: string, message: NewMessage): Statement;
  /** Newest first. */
  list(owner: Owner, options: { limit: number; activeSince?: number }): Promise<SessionSummary[]>;
  get(owner: Owner, sessionId: string): Promise<StoredSession | undefined>;
  /** The newest messages, or the newest before a time; oldest first. */
  messages(
    owner: Owner,
    sessionId: string,
    options: { limit: number; before?: number },
  ): Promise<{ messages: StoredMessage[]; hasMore: boolean }>;
  /** Sessions that were active between two times, newest first. `title` is the first message. */
  history(
    owner: Owner,
    options: { limit: number; from: number; to: number },
  ): Promise<(StoredSession & { title: string | null })[]>;
  /** Replaces the messages of a session. False when it belongs to another user. */
  replace(owner: Owner, sessionId: string, messages: readonly NewMessage[], now: number): Promise<boolean>;
}

/** Changes no row when the session belongs to another user. */
const touch = ({ formationId, userId }: Owner, sessionId: string, now: number) =>
  sql`insert into session (formation_id, id, user_id, created_at, last_activity)
    values (${formationId}, ${sessionId}, ${userId}, ${now}, ${now})
    on conflict (formation_id, id) do update set last_activity = excluded.last_activity
    where session.user_id = excluded.user_id`;

const ofOwner = ({ formationId, userId }: Owner) =>
  sql`formation_id = ${formationId} and user_id = ${userId}`;

const one = (owner: Owner, sessionId: string) => sql`${ofOwner(owner)} and id = ${sessionId}`;

/** Condition for the messages of a session; no message meets it when the session belongs to another user. */
export const inSession = (owner: Owner, sessionId: string): Statement =>
  sql`session_seq = (select seq from session where ${one(owner, sessionId)})`;

/**
 * Each message of a session is at least a millisecond later than the one before, whatever the clock says, so that
 * paging by time skips none.
 */
const insertMessage = ({ formationId, userId }: Owner, sessionId: string, message: NewMessage) =>
  sql`insert into message
    (session_seq, id, request_id, role, content, agent_id, metadata, created_at)
    select seq, ${newId("message")}, ${message.requestId ?? null}, ${message.role}, ${message.content},
      ${message.agentId ?? null}, ${message.metadata ? JSON.stringify(message.metadata) : null},
      coalesce(
        (select case when created_at >= ${message.createdAt} then created_at + 1 else ${message.createdAt} end
          from message where session_seq = session.seq order by seq desc limit 1),
        ${message.createdAt})
    from session where formation_id = ${formationId} and user_id = ${userId} and id = ${sessionId}`;

export const createSessionRepository = (db: Database): SessionRepository => ({
  async recent(owner, sessionId, limit, until) {
    const ofSession = inSession(owner, sessionId);
    // When the session was restored meanwhile, the message is gone.
    const isBefore = sql`and seq < coalesce((select seq from message
      where ${ofSession} and request_id = ${until ?? null} and role = 'user' order by seq desc limit 1),
      ${Number.MAX_SAFE_INTEGER})`;
    const rows = await db.read<{ role: Role; content: string }>(
      sql`select role, content from message
          where ${ofSession} ${until === undefined ? sql`` : isBefore}
          order by seq desc limit ${limit}`,
    );
    return rows.reverse();
  },

  async stateFor({ formationId, userId }, sessionId) {
    const [row] = await db.read<{ user_id: string; asking: string | null }>(
      sql`select user_id, (select id from request
            where formation_id = ${formationId} and session_id = ${sessionId}
              and status = 'awaiting_clarification' limit 1) as asking
          from session where formation_id = ${formationId} and id = ${sessionId}`,
    );
    if (row === undefined) return { state: "new", asks: false };
    return { state: row.user_id === userId ? "own" : "foreign", asks: row.asking !== null };
  },

  async append(owner, sessionId, message, also) {
    const touched = await db.writeIf(touch(owner, sessionId, message.createdAt), [
      insertMessage(owner, sessionId, message),
      ...also,
    ]);
    return touched !== undefined;
  },

  adding: (owner, sessionId, message) => [
    touch(owner, sessionId, message.createdAt),
    insertMessage(owner, sessionId, message),
  ],

  answering: (owner, sessionId, message) =>
    sql`${insertMessage(owner, sessionId, message)} ${{ text: db.dialect.keepRows, values: [] }}`,

  list: (owner, { limit, activeSince }) =>
    db.read(
      sql`select id, last_activity as "lastActivity" from session
          where ${ofOwner(owner)} and last_activity >= ${activeSince ?? 0}
          order by last_activity desc limit ${limit}`,
    ),

  async get(owner, sessionId) {
    const [session] = await db.read<StoredSession>(
      sql`select id, created_at as "createdAt", last_activity as "lastActivity",
            (select count(*) from message where session_seq = session.seq) as "messageCount"
          from session where ${one(owner, sessionId)}`,
    );
    return session;
  },

  async messages(owner, sessionId, { limit, before }) {
    const rows = await db.read<Omit<StoredMessage, "metadata"> & { metadata: string | null }>(
      sql`select id, role, content, agent_id as "agentId", metadata, created_at as "createdAt" from message
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

  history: (owner, { limit, from, to }) =>
    db.read(
      sql`select id, created_at as "createdAt", last_activity as "lastActivity",
            (select count(*) from message where session_seq = session.seq) as "messageCount",
            (select content from message where session_seq = session.seq order by seq limit 1) as title
          from session where ${ofOwner(owner)} and last_activity >= ${from} and created_at <= ${to}
          order by last_activity desc limit ${limit}`,
    ),

  async replace(owner, sessionId, messages, now) {
    const touched = await db.writeIf(touch(owner, sessionId, now), [
      sql`delete from message where ${inSession(owner, sessionId)}`,
      ...messages.map((message) => insertMessage(owner, sessionId, message)),
    ]);
    return touched !== undefined;
  },
});
