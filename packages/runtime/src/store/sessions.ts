import { hash } from "node:crypto";
import { newId, type Role } from "@muxi/protocol";
import type { Database } from "./database.ts";
import { list, type Statement, sql } from "./statement.ts";

/** Whose data is meant. No query of this folder runs without it. */
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

/** Something that a user stated, and the words by which it is found. */
export interface NewStatement {
  text: string;
  words: readonly string[];
}

export interface SessionSummary {
  id: string;
  lastActivity: number;
}

/** Sessions and their messages, each call for one owner. */
export interface SessionRepository {
  /** The last messages of a session, oldest first; none when the session is new or someone else's. */
  recent(owner: Owner, sessionId: string, limit: number): Promise<{ role: Role; content: string }[]>;
  /** Whether the id is free or the owner's own. */
  isOpenTo(owner: Owner, sessionId: string): Promise<boolean>;
  /**
   * Adds a message, and the session when it is new.
   *
   * @param statement What the message states, to be recalled later; null when it states nothing.
   * @returns False when the session belongs to someone else: the message was not stored.
   */
  append(
    owner: Owner,
    sessionId: string,
    message: NewMessage,
    statement: NewStatement | null,
  ): Promise<boolean>;
  /** Newest first. */
  list(owner: Owner, options: { limit: number; activeSince?: number }): Promise<SessionSummary[]>;
  get(owner: Owner, sessionId: string): Promise<StoredSession | undefined>;
  /** The newest messages (before a time), oldest first. */
  messages(
    owner: Owner,
    sessionId: string,
    options: { limit: number; before?: number },
  ): Promise<{ messages: StoredMessage[]; hasMore: boolean }>;
  /** Replaces the messages of a session. False when it belongs to someone else. */
  replace(owner: Owner, sessionId: string, messages: readonly NewMessage[], now: number): Promise<boolean>;
  /** The newest things that the owner stated with one of the words. */
  statements(
    owner: Owner,
    words: readonly string[],
    limit: number,
  ): Promise<{ text: string; saidAt: number }[]>;
}

const digestOf = (text: string) => hash("sha256", text, "base64url").slice(0, 27);

/** Formation and user in one short key. */
const ownerKey = ({ formationId, userId }: Owner) => digestOf(`${formationId}\0${userId}`).slice(0, 16);

/** Changes no row when the session belongs to someone else. */
const touch = ({ formationId, userId }: Owner, sessionId: string, now: number) =>
  sql`insert into session (formation_id, id, user_id, created_at, last_activity)
    values (${formationId}, ${sessionId}, ${userId}, ${now}, ${now})
    on conflict (formation_id, id) do update set last_activity = excluded.last_activity
    where session.user_id = excluded.user_id`;

const insertMessage = (owner: Owner, sessionId: string, message: NewMessage) =>
  sql`insert into message
    (id, formation_id, session_id, user_id, request_id, role, content, agent_id, metadata, created_at)
    values (${newId("message")}, ${owner.formationId}, ${sessionId}, ${owner.userId}, ${message.requestId ?? null},
      ${message.role}, ${message.content}, ${message.agentId ?? null},
      ${message.metadata ? JSON.stringify(message.metadata) : null}, ${message.createdAt})`;

const ofOwner = ({ formationId, userId }: Owner) =>
  sql`formation_id = ${formationId} and user_id = ${userId}`;

const ofSession = (owner: Owner, sessionId: string) => sql`${ofOwner(owner)} and session_id = ${sessionId}`;

export const createSessionRepository = (db: Database): SessionRepository => {
  const state = (
    owner: Owner,
    sessionId: string,
    { text, words }: NewStatement,
    now: number,
  ): Statement[] => {
    const { formationId, userId } = owner;
    const digest = digestOf(text);
    return [
      sql`insert into statement (formation_id, user_id, digest, text, session_id, said_at)
        values (${formationId}, ${userId}, ${digest}, ${text}, ${sessionId}, ${now})
        on conflict (formation_id, user_id, digest) do update
        set said_at = excluded.said_at, session_id = excluded.session_id`,
      sql`insert into statement_word (owner, word, statement_seq)
        select ${ownerKey(owner)}, word.value, statement.seq
        from statement, ${db.dialect.textsOf(JSON.stringify(words))} as word
        where formation_id = ${formationId} and user_id = ${userId} and digest = ${digest}
        on conflict do nothing`,
    ];
  };

  return {
    async recent({ formationId, userId }, sessionId, limit) {
      const rows = await db.read<{ role: Role; content: string }>(
        sql`select role, content from message
          where formation_id = ${formationId} and session_id = ${sessionId} and user_id = ${userId}
          order by seq desc limit ${limit}`,
      );
      return rows.reverse();
    },

    async isOpenTo({ formationId, userId }, sessionId) {
      const [row] = await db.read<{ user_id: string }>(
        sql`select user_id from session where formation_id = ${formationId} and id = ${sessionId}`,
      );
      return row === undefined || row.user_id === userId;
    },

    async append(owner, sessionId, message, statement) {
      const touched = await db.writeIf(touch(owner, sessionId, message.createdAt), [
        insertMessage(owner, sessionId, message),
        ...(statement === null ? [] : state(owner, sessionId, statement, message.createdAt)),
      ]);
      return touched !== undefined;
    },

    list: (owner, { limit, activeSince }) =>
      db.read(
        sql`select id, last_activity as "lastActivity" from session
          where ${ofOwner(owner)} and last_activity >= ${activeSince ?? 0}
          order by last_activity desc limit ${limit}`,
      ),

    async get(owner, sessionId) {
      const [session] = await db.read<StoredSession>(
        sql`select id, created_at as "createdAt", last_activity as "lastActivity",
            (select count(*) from message where ${ofSession(owner, sessionId)}) as "messageCount"
          from session where ${ofOwner(owner)} and id = ${sessionId}`,
      );
      return session;
    },

    async messages(owner, sessionId, { limit, before }) {
      const rows = await db.read<Omit<StoredMessage, "metadata"> & { metadata: string | null }>(
        sql`select id, role, content, agent_id as "agentId", metadata, created_at as "createdAt" from message
          where ${ofSession(owner, sessionId)} and created_at < ${before ?? Number.MAX_SAFE_INTEGER}
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

    async replace(owner, sessionId, messages, now) {
      const touched = await db.writeIf(touch(owner, sessionId, now), [
        sql`delete from message where ${ofSession(owner, sessionId)}`,
        ...messages.map((message) => insertMessage(owner, sessionId, message)),
      ]);
      return touched !== undefined;
    },

    async statements(owner, words, limit) {
      if (words.length === 0) return [];
      return db.read(
        sql`select text, said_at as "saidAt" from statement
          where seq in (select statement_seq from statement_word
            where owner = ${ownerKey(owner)} and word in (${list(words)})
            order by statement_seq desc limit ${limit})`,
      );
    },
  };
};
