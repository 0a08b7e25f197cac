import type {
  ChatResult,
  Message,
  MessageList,
  RestoreRequest,
  RestoreResult,
  Session,
  SessionList,
} from "@muxi/protocol/types";
import { path } from "../http/arguments.ts";
import { newRequestId } from "../http/ids.ts";
import { Pages } from "../http/pages.ts";
import type { CallOptions, StreamOptions } from "../http/send.ts";
import type { Result } from "../http/unwrap.ts";
import type { ChatStream } from "../stream/chat-stream.ts";
import { Activity } from "./activity.ts";
import type { ForUser } from "./caller.ts";
import type { ChatPayload } from "./chat-client.ts";

/** Speech in place of a message; each file says its `content_type`, which begins with `audio/`. */
export type AudioPayload = Pick<ChatPayload, "session_id" | "request_id" | "agent_id"> &
  Required<Pick<ChatPayload, "files">>;

const audioCall = { method: "POST", path: "/audiochat", key: "client", user: "optional" } as const;

/** Voice, sessions and their messages (docs/spec/formation-api.md "Audio chat" and "Sessions"). */
export class Conversations extends Activity {
  /** Says something by voice and waits for the whole answer. */
  async audioChat(
    payload: AudioPayload,
    { userId, ...options }: CallOptions & ForUser = {},
  ): Promise<Result<ChatResult>> {
    const json = { ...payload, request_id: payload.request_id ?? newRequestId(), stream: false };
    return this.call({ ...audioCall, userId, json }, options);
  }

  /** Says something by voice and gives the answer as it comes. */
  audioChatStream(payload: AudioPayload, options: StreamOptions & ForUser = {}): ChatStream {
    return this.ask(audioCall, payload, options);
  }

  /**
   * The user's sessions, newest first. `limit` 1 to 1000, default 50.
   *
   * @example
   * const { sessions } = await formation.getSessions({ userId: "user_123" });
   */
  async getSessions(
    { userId, limit, activeOnly }: ForUser & { limit?: number; activeOnly?: boolean } = {},
    options?: CallOptions,
  ): Promise<Result<SessionList>> {
    const query = { limit, active_only: activeOnly };
    return this.call({ path: "/sessions", key: "client", user: "required", userId, query }, options);
  }

  /** One session of the user. */
  async getSession(
    { sessionId, userId }: ForUser & { sessionId: string },
    options?: CallOptions,
  ): Promise<Result<Session>> {
    return this.call(
      { path: path`/sessions/${{ sessionId }}`, key: "client", user: "required", userId },
      options,
    );
  }

  /**
   * The messages of a session. Awaited, it is the newest page, oldest message first; iterated, it is every message,
   * from the newest to the oldest. `limit` is the size of a page, 1 to 1000, default 50.
   *
   * `before`: only messages older than this (ISO 8601).
   *
   * @example
   * const { messages } = await formation.getSessionMessages({ sessionId, userId: "user_123" });
   */
  getSessionMessages(
    { sessionId, userId, limit, before }: ForUser & { sessionId: string; limit?: number; before?: string },
    options?: CallOptions,
  ): Pages<Result<MessageList>, Message> {
    return new Pages<Result<MessageList>, Message>({
      load: async (previous) =>
        this.call(
          {
            path: path`/sessions/${{ sessionId }}/messages`,
            key: "client",
            user: "required",
            userId,
            query: { limit, before: previous?.messages[0]?.timestamp ?? before },
          },
          options,
        ),
      items: (page) => page.messages.toReversed(),
      hasNext: (page) => page.has_more && page.messages.length > 0,
    });
  }

  /** Replaces the messages of a session, for example with those of another store. */
  async restoreSession(
    { sessionId, userId, messages }: ForUser & { sessionId: string } & RestoreRequest,
    options?: CallOptions,
  ): Promise<Result<RestoreResult>> {
    const spec = { path: path`/sessions/${{ sessionId }}/restore`, key: "client", user: "required" } as const;
    return this.call({ ...spec, method: "POST", userId, json: { messages } }, options);
  }
}
