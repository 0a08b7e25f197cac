import type {
  Message,
  MessageList,
  QueuedMessage,
  QueuedMessageDeleted,
  RestoreRequest,
  RestoreResult,
  Session,
  SessionList,
  SessionQueue,
  SessionSummary,
} from "@muxi/protocol/types";
import type { CallOptions, Pages, Result } from "../../http/index.ts";
import { type Access, endpoint, type ForUser, pagedEndpoint, pagesOf } from "../index.ts";

/** Conversations and their messages (docs/spec/formation-api.md "Sessions"). */
export interface SessionMethods {
  /**
   * Lists the user's sessions, newest first: awaited, one page; iterated, all. One in which something happens meanwhile
   * moves to the front.
   *
   * @example
   * const { sessions } = await formation.getSessions({ userId: "user_123" });
   */
  list(
    args?: ForUser & {
      /** Size of a page, 1 to 1000. Default 50; in an iteration 100. */
      limit?: number | undefined;
      /** Only sessions after those of an earlier answer: its `next`. */
      before?: string | undefined;
      /** Only sessions in which something happened in the last 30 minutes. Default false. */
      activeOnly?: boolean | undefined;
    },
    options?: CallOptions,
  ): Pages<Result<SessionList>, SessionSummary>;

  /** Reads one session of the user. */
  get(
    args: ForUser & {
      /** Id of the session. */
      sessionId: string;
    },
    options?: CallOptions,
  ): Promise<Result<Session>>;

  /**
   * Reads the messages of a session. Awaited, it is the newest page, oldest message first; iterated, it is every
   * message, from the newest to the oldest.
   *
   * @example
   * const { messages } = await formation.getSessionMessages({ sessionId, userId: "user_123" });
   */
  messages(
    args: ForUser & {
      /** Id of the session. */
      sessionId: string;
      /** Size of a page, 1 to 1000. Default 50; in an iteration 100. */
      limit?: number | undefined;
      /** Only messages older than this, ISO 8601. */
      before?: string | undefined;
    },
    options?: CallOptions,
  ): Pages<Result<MessageList>, Message>;

  /** Replaces the messages of a session, for example with those of another store. The session may be new. */
  restore(
    args: ForUser & {
      /** Id of the session, which may be new. */
      sessionId: string;
    } & RestoreRequest,
    options?: CallOptions,
  ): Promise<Result<RestoreResult>>;

  /** Lists the messages of a session that wait for the one before them, in the order in which they are answered. */
  queue(
    args: ForUser & {
      /** Id of the session. */
      sessionId: string;
    },
    options?: CallOptions,
  ): Promise<Result<SessionQueue>>;

  /** Changes a message that still waits. Throws a `ConflictError` when its answer has begun. */
  updateQueued(
    args: ForUser & {
      /** Id of the session. */
      sessionId: string;
      /** Id of the request that will answer the message. */
      requestId: string;
      /** What the user says instead. */
      message: string;
    },
    options?: CallOptions,
  ): Promise<Result<QueuedMessage>>;

  /**
   * Takes back a message that still waits. Throws a `ConflictError` when its answer has begun.
   *
   * @example
   * await formation.sessions.deleteQueued({ userId, sessionId, requestId });
   */
  deleteQueued(
    args: ForUser & {
      /** Id of the session. */
      sessionId: string;
      /** Id of the request that will answer the message. */
      requestId: string;
    },
    options?: CallOptions,
  ): Promise<Result<QueuedMessageDeleted>>;
}

const ofUser = { key: "client", user: "required" } as const satisfies Access;

export const createSessions = (): SessionMethods => ({
  list: pagedEndpoint(
    "getSessions",
    "/sessions",
    ofUser,
    { limit: true, before: true, activeOnly: true },
    pagesOf(({ sessions }: SessionList) => sessions),
  ),
  get: endpoint("getSession", "GET", "/sessions/{sessionId}", ofUser, {}),
  messages: pagedEndpoint(
    "getSessionMessages",
    "/sessions/{sessionId}/messages",
    ofUser,
    { limit: true, before: true },
    {
      items: (page) => page.messages.toReversed(),
      query: ({ before }, previous) => ({ before: previous?.messages[0]?.timestamp ?? before }),
      hasNext: (page) => page.has_more && page.messages.length > 0,
    },
  ),
  restore: endpoint("restoreSession", "POST", "/sessions/{sessionId}/restore", ofUser, {
    messages: true,
  }),
  queue: endpoint("getSessionQueue", "GET", "/sessions/{sessionId}/queue", ofUser, {}),
  updateQueued: endpoint("updateQueuedMessage", "PATCH", "/sessions/{sessionId}/queue/{requestId}", ofUser, {
    message: true,
  }),
  deleteQueued: endpoint(
    "deleteQueuedMessage",
    "DELETE",
    "/sessions/{sessionId}/queue/{requestId}",
    ofUser,
    {},
  ),
});
