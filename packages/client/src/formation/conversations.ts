import type {
  ChatRequest,
  ChatResult,
  Message,
  MessageList,
  RestoreRequest,
  RestoreResult,
  Session,
  SessionList,
} from "@muxi/protocol/types";
import { path, requireText } from "../http/arguments.ts";
import { newRequestId } from "../http/ids.ts";
import { Pages } from "../http/pages.ts";
import type { CallOptions, StreamOptions } from "../http/send.ts";
import type { Result } from "../http/unwrap.ts";
import { type ChatConnector, type ChatCursor, ChatStream } from "../stream/chat-stream.ts";
import type { ChatAccepted } from "../wire/requests.ts";
import { Activity, type ForUser } from "./activity.ts";
import type { FormationCall } from "./caller.ts";

/** What a chat says, with the keys of the wire. Whether the answer is streamed is the method's choice. */
export type ChatPayload = Omit<ChatRequest, "stream" | "mode">;

const chatCall = {
  method: "POST",
  path: "/chat",
  key: "client",
  user: "optional",
  repeatable: true,
} as const satisfies FormationCall;

/** Speech in place of a message; each file says its `content_type`, which begins with `audio/`. */
export type AudioPayload = Pick<ChatPayload, "session_id" | "request_id" | "agent_id"> &
  Required<Pick<ChatPayload, "files">>;

const audioCall = { method: "POST", path: "/audiochat", key: "client", user: "optional" } as const;

/** A stop that takes longer is of no use to whoever left the stream. */
const stopTimeout = 5_000;

/** Chats and sessions (contract/formation-api.md 4.2, 4.4). */
export class Conversations extends Activity {
  /**
   * Says something and waits for the whole answer; with `mode: "async"` only for the server to take it on.
   *
   * @example
   * const { message } = await formation.chat({ message: "Hello" }, { userId: "user_123" });
   * console.log(message.content);
   */
  chat(
    payload: ChatPayload & { mode: "async" },
    options?: CallOptions & ForUser,
  ): Promise<Result<ChatAccepted>>;
  chat(payload: ChatPayload, options?: CallOptions & ForUser): Promise<Result<ChatResult>>;
  chat(
    payload: ChatPayload,
    options: CallOptions & ForUser = {},
  ): Promise<Result<ChatAccepted | ChatResult>> {
    const json = { ...payload, request_id: payload.request_id ?? newRequestId(), stream: false };
    return this.call({ ...chatCall, userId: options.userId, json }, options);
  }

  /**
   * Says something and gives the answer as it comes. Nothing is sent before the stream is read.
   *
   * @example
   * for await (const event of formation.chatStream({ message: "Hello" }, { userId: "user_123" })) {
   *   if (event.type === "text") process.stdout.write(event.text);
   * }
   */
  chatStream(payload: ChatPayload, options: StreamOptions & ForUser = {}): ChatStream {
    return this.#ask(chatCall, payload, options);
  }

  /** Says something by voice and waits for the whole answer. */
  async audioChat(payload: AudioPayload, options: CallOptions & ForUser = {}): Promise<Result<ChatResult>> {
    const json = { ...payload, request_id: payload.request_id ?? newRequestId(), stream: false };
    return this.call({ ...audioCall, userId: options.userId, json }, options);
  }

  /** Says something by voice and gives the answer as it comes. */
  audioChatStream(payload: AudioPayload, options: StreamOptions & ForUser = {}): ChatStream {
    return this.#ask(audioCall, payload, options);
  }

  /**
   * Goes on with an answer where another stream stood, in this process or another one, as long as the server keeps
   * its events (300 s after the end).
   *
   * @example
   * const cursor = stream.detach();
   * const answer = await formation.resumeChat(cursor, { userId }).final();
   */
  resumeChat(cursor: ChatCursor, options: StreamOptions & ForUser = {}): ChatStream {
    const { requestId, sessionId, after } = cursor;
    requireText("requestId", requestId);
    requireText("sessionId", sessionId);
    const settings = this.streamSettings(options, false, after);
    return new ChatStream(this.#followUp(options), { requestId, sessionId }, settings);
  }

  /**
   * Watches the answer to someone's request, from its beginning where the server still has it. Leaving the loop does
   * not stop the request.
   */
  streamRequest(
    { sessionId, requestId, userId }: ForUser & { sessionId: string; requestId: string },
    options: StreamOptions = {},
  ): ChatStream {
    requireText("requestId", requestId);
    requireText("sessionId", sessionId);
    const follow = this.#follower(userId, options);
    return new ChatStream({ follow }, { requestId, sessionId }, this.streamSettings(options, false));
  }

  /** The user's sessions, newest first. `limit` 1 to 1000, default 50. */
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
   * @param args.before ISO 8601: only messages older than this.
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

  #ask(
    spec: FormationCall,
    payload: ChatPayload | AudioPayload,
    options: StreamOptions & ForUser,
  ): ChatStream {
    const requestId = payload.request_id ?? newRequestId();
    const json = { ...payload, request_id: requestId, stream: true };
    const ask = this.opener({ ...spec, userId: options.userId, json }, options);
    const owner = { requestId, sessionId: payload.session_id ?? undefined };
    return new ChatStream({ ...this.#followUp(options), ask }, owner, this.streamSettings(options, false));
  }

  /** How a stream goes on after a cut, and how it stops its request. */
  #followUp(options: StreamOptions & ForUser): Required<Omit<ChatConnector, "ask">> {
    // A chat without a user belongs to "0"; these endpoints want it said (contract/formation-api.md 2.3).
    const userId = options.userId ?? this.userId ?? "0";
    return {
      follow: this.#follower(userId, options),
      cancel: (requestId) => this.cancelRequest({ requestId, userId }, { timeout: stopTimeout }),
    };
  }

  #follower(userId: string | undefined, options: StreamOptions): ChatConnector["follow"] {
    return ({ sessionId, requestId, after }, lifetime) => {
      const spec = {
        path: path`/events/${{ sessionId }}/${{ requestId }}`,
        key: "either",
        user: "filter",
      } as const;
      // The stream itself tries again after a cut.
      const open = this.opener({ ...spec, userId }, { ...options, maxRetries: 0 });
      return open(lifetime, { "last-event-id": String(after) });
    };
  }
}
