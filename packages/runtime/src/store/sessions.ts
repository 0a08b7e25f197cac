import { hash } from "node:crypto";
import { newId, type Role } from "@muxi/protocol";
import type { Database } from "./sqlite.ts";
import type { Statement } from "./statement.ts";

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

const touchSession = `insert into session (formation_id, id, user_id, created_at, last_activity)
  values (?, ?, ?, ?, ?)
  on conflict (formation_id, id) do update set last_activity = excluded.last_activity
  where user_id = excluded.user_id`;

// The condition makes ownership part of the write itself: no row when the session is someone else's.
const addMessage = `insert into message
  (id, formation_id, session_id, user_id, request_id, role, content, agent_id, metadata, created_at)
  select ?, formation_id, id, user_id, ?, ?, ?, ?, ?, ? from session
  where formation_id = ? and id = ? and user_id = ?`;

const addStatement = `insert into statement (formation_id, user_id, digest, text, session_id, said_at)
  values (?, ?, ?, ?, ?, ?)
  on conflict (formation_id, user_id, digest) do update
  set said_at = excluded.said_at, session_id = excluded.session_id`;

const addWords = `insert into statement_word (owner, word, statement_seq)
  select ?, word.value, statement.seq from statement, json_each(?) as word
  where formation_id = ? and user_id = ? and digest = ?
  on conflict do nothing`;

const recentMessages = `select role, content from message
  where formation_id = ? and session_id = ? and user_id = ? order by seq desc limit ?`;

const sessionOwner = "select user_id from session where formation_id = ? and id = ?";

const matchingStatements = (words: number) => `select text, said_at as "saidAt" from statement
  where seq in (select statement_seq from statement_word
    where owner = ? and word in (${Array.from({ length: words }, () => "?").join(", ")})
    order by statement_seq desc limit ?)`;

const digestOf = (text: string) => hash("sha256", text, "base64url").slice(0, 27);

/** Formation and user in one short key. */
const ownerKey = ({ formationId, userId }: Owner) => digestOf(`${formationId}\0${userId}`).slice(0, 16);

const insertMessage = (owner: Owner, sessionId: string, message: NewMessage): Statement => ({
  sql: addMessage,
  parameters: [
    newId("message"),
    message.requestId ?? null,
    message.role,
    message.content,
    message.agentId ?? null,
    message.metadata ? JSON.stringify(message.metadata) : null,
    message.createdAt,
    owner.formationId,
    sessionId,
    owner.userId,
  ],
});

const touch = (owner: Owner, sessionId: string, now: number): Statement => ({
  sql: touchSession,
  parameters: [owner.formationId, sessionId, owner.userId, now, now],
});

const state = (owner: Owner, sessionId: string, { text, words }: NewStatement, now: number): Statement[] => {
  const { formationId, userId } = owner;
  const digest = digestOf(text);
  return [
    { sql: addStatement, parameters: [formationId, userId, digest, text, sessionId, now] },
    { sql: addWords, parameters: [ownerKey(owner), JSON.stringify(words), formationId, userId, digest] },
  ];
};

export const createSessionRepository = (db: Database): SessionRepository => {
  const ofOwner = (owner: Owner) =>
    db.query
      .selectFrom("session")
      .where("formation_id", "=", owner.formationId)
      .where("user_id", "=", owner.userId);

  const messagesOf = (owner: Owner, sessionId: string) =>
    db.query
      .selectFrom("message")
      .where("formation_id", "=", owner.formationId)
      .where("session_id", "=", sessionId)
      .where("user_id", "=", owner.userId);

  return {
    async recent(owner, sessionId, limit) {
      const rows = await db.all<{ role: Role; content: string }>({
        sql: recentMessages,
        parameters: [owner.formationId, sessionId, owner.userId, limit],
      });
      return rows.reverse();
    },

    async isOpenTo(owner, sessionId) {
      const [row] = await db.all<{ user_id: string }>({
        sql: sessionOwner,
        parameters: [owner.formationId, sessionId],
      });
      return row === undefined || row.user_id === owner.userId;
    },

    async append(owner, sessionId, message, statement) {
      const [, added] = await db.write([
        touch(owner, sessionId, message.createdAt),
        insertMessage(owner, sessionId, message),
        ...(statement === null ? [] : state(owner, sessionId, statement, message.createdAt)),
      ]);
      return added?.changes === 1;
    },

    async list(owner, { limit, activeSince }) {
      return ofOwner(owner)
        .select(["id", "last_activity as lastActivity"])
        .$if(activeSince !== undefined, (query) => query.where("last_activity", ">=", activeSince ?? 0))
        .orderBy("last_activity", "desc")
        .limit(limit)
        .execute();
    },

    async get(owner, sessionId) {
      const session = await ofOwner(owner)
        .where("id", "=", sessionId)
        .select(["id", "created_at as createdAt", "last_activity as lastActivity"])
        .executeTakeFirst();
      if (!session) return undefined;
      const { count } = await messagesOf(owner, sessionId)
        .select(({ fn }) => fn.countAll<number>().as("count"))
        .executeTakeFirstOrThrow();
      return { ...session, messageCount: Number(count) };
    },

    async messages(owner, sessionId, { limit, before }) {
      const rows = await messagesOf(owner, sessionId)
        .select(["id", "role", "content", "agent_id as agentId", "metadata", "created_at as createdAt"])
        .$if(before !== undefined, (query) => query.where("created_at", "<", before ?? 0))
        .orderBy("seq", "desc")
        .limit(limit + 1)
        .execute();
      const messages = rows.slice(0, limit).reverse();
      return {
        messages: messages.map((row) => ({
          ...row,
          role: row.role as Role,
          metadata: row.metadata === null ? {} : (JSON.parse(row.metadata) as Record<string, unknown>),
        })),
        hasMore: rows.length > limit,
      };
    },

    async replace(owner, sessionId, messages, now) {
      if (!(await this.isOpenTo(owner, sessionId))) return false;
      const removal = db.query
        .deleteFrom("message")
        .where("formation_id", "=", owner.formationId)
        .where("session_id", "=", sessionId)
        .where("user_id", "=", owner.userId);
      const results = await db.write([
        touch(owner, sessionId, now),
        removal.compile(),
        ...messages.map((message) => insertMessage(owner, sessionId, message)),
      ]);
      return results[0]?.changes === 1;
    },

    async statements(owner, words, limit) {
      if (words.length === 0) return [];
      return db.all({
        sql: matchingStatements(words.length),
        parameters: [ownerKey(owner), ...words, limit],
      });
    },
  };
};
