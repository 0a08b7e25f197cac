import type { CancelResult, ChatAccepted, ChatRequest, ChatResult } from "@muxi/protocol/types";
import { path, requireText } from "../http/arguments.ts";
import { newRequestId } from "../http/ids.ts";
import type { CallOptions, StreamOptions } from "../http/send.ts";
import type { Result } from "../http/unwrap.ts";
import { type ChatConnector, type ChatCursor, ChatStream } from "../stream/chat-stream.ts";
import { type FormationCall, FormationCaller, type ForUser } from "./caller.ts";

/** What a chat says, with the keys of the wire. Whether the answer is streamed is the method's choice. */
export type ChatPayload = Omit<ChatRequest, "stream" | "mode">;

const chatCall = {
  method: "POST",
  path: "/chat",
  key: "client",
  user: "optional",
  repeatable: true,
} as const satisfies FormationCall;

/** A stop that takes longer is of no use to whoever left the stream. */
const stopTimeout = 5_000;

/**
 * The part of `FormationClient` that chats (docs/spec/formation-api.md "Chat"), with the same options. A page
 * that does nothing else and imports this class alone loads a fifth less.
 *
 * @example
 * const chats = new ChatClient({ url: "https://bot.example.com", clientKey, userId: "user_123" });
 * for await (const text of chats.chatStream({ message: "Hello" }).textStream()) show(text);
 */
export class ChatClient extends FormationCaller {
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
    { userId, ...options }: CallOptions & ForUser = {},
  ): Promise<Result<ChatAccepted | ChatResult>> {
    const json = { ...payload, request_id: payload.request_id ?? newRequestId(), stream: false };
    return this.call({ ...chatCall, userId, json }, options);
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
    return this.ask(chatCall, payload, options);
  }

  /**
   * Goes on with an answer where another stream stood, in this process or another one, as long as the server keeps
   * its events (300 s after the end).
   *
   * @example
   * const cursor = stream.detach();
   * const answer = await formation.resumeChat(cursor, { userId }).final();
   */
  resumeChat(cursor: ChatCursor, { userId, ...options }: StreamOptions & ForUser = {}): ChatStream {
    return this.#watch(this.#followUp(userId, options), cursor, options);
  }

  /**
   * Watches the answer to someone's request, from its beginning where the server still has it. Leaving the loop does
   * not stop the request.
   */
  streamRequest(
    { sessionId, requestId, userId }: ForUser & { sessionId: string; requestId: string },
    options: StreamOptions = {},
  ): ChatStream {
    const follow = this.#follower(userId, options);
    return this.#watch({ follow }, { requestId, sessionId, after: 0 }, options);
  }

  /** Stops a request. Throws when it has already ended otherwise. */
  async cancelRequest(
    { requestId, userId }: ForUser & { requestId: string },
    options?: CallOptions,
  ): Promise<Result<CancelResult>> {
    const spec = { path: path`/requests/${{ requestId }}`, key: "either", user: "filter" } as const;
    return this.call({ ...spec, method: "DELETE", userId }, options);
  }

  /** The stream of an answer that is yet to be asked for. */
  protected ask(
    spec: FormationCall,
    payload: Partial<ChatPayload>,
    { userId, ...options }: StreamOptions & ForUser,
  ): ChatStream {
    const requestId = payload.request_id ?? newRequestId();
    const json = { ...payload, request_id: requestId, stream: true };
    const ask = this.opener({ ...spec, userId, json }, options);
    const owner = { requestId, sessionId: payload.session_id ?? undefined };
    const settings = this.streamSettings(options, false);
    return new ChatStream({ ...this.#followUp(userId, options), ask }, owner, settings);
  }

  #watch(
    connector: ChatConnector,
    { requestId, sessionId, after }: ChatCursor,
    options: StreamOptions,
  ): ChatStream {
    requireText("requestId", requestId);
    requireText("sessionId", sessionId);
    return new ChatStream(connector, { requestId, sessionId }, this.streamSettings(options, false, after));
  }

  /** How a stream goes on after a cut, and how it stops its request. */
  #followUp(user: string | undefined, options: StreamOptions): Required<Omit<ChatConnector, "ask">> {
    // A chat without a user belongs to "0"; these endpoints want it said (docs/spec/formation-api.md
    // "Users").
    const userId = user ?? this.userId ?? "0";
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
