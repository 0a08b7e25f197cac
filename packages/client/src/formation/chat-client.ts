import type { ChatAccepted, ChatResult } from "@muxi/protocol/types";
import { type CallOptions, type Result, requireObjects, type StreamOptions } from "../http/index.ts";
import type { ChatCursor, ChatStream } from "../stream/index.ts";
import { type Caller, createCaller, type FormationCall, type ForUser, longestAnswer } from "./caller.ts";
import { askStream, askWhole, type ChatPayload, resume, type StreamPayload } from "./chats.ts";
import type { FormationClientOptions } from "./config.ts";

const chatCall = {
  method: "POST",
  path: "/chat",
  key: "client",
  user: "optional",
  repeatable: true,
} as const satisfies FormationCall;

/**
 * The part of `FormationClient` for chats, with the same options (docs/spec/formation-api.md "Chat"). It is a third
 * smaller, for pages that need nothing else.
 *
 * @example
 * const chats = new ChatClient({ url: "https://bot.example.com", clientKey, userId: "user_123" });
 * for await (const text of chats.chatStream({ message: "Hello" }).textStream()) show(text);
 */
export class ChatClient {
  /** Where the calls go. */
  readonly baseUrl: string;
  readonly #caller: Caller;

  /** @throws ConfigurationError with the name of the option that cannot be used. */
  constructor(options: FormationClientOptions = {}) {
    this.#caller = createCaller(options);
    this.baseUrl = this.#caller.transport.baseUrl;
  }

  // Not a property, which would show headers when a client is printed.
  protected get caller(): Caller {
    return this.#caller;
  }

  /**
   * Sends a message and waits for the whole answer; with `mode: "async"` only until the server has accepted it.
   *
   * @example
   * const { message } = await formation.chat({ message: "Hello" }, { userId: "user_123" });
   * console.log(message.content);
   */
  chat(
    payload: ChatPayload & {
      /** Answers in the background: the call returns at once. */
      mode: "async";
    },
    options?: CallOptions & ForUser,
  ): Promise<Result<ChatAccepted>>;
  chat(payload: ChatPayload, options?: CallOptions & ForUser): Promise<Result<ChatResult>>;
  async chat(
    payload: ChatPayload,
    options?: CallOptions & ForUser,
  ): Promise<Result<ChatAccepted | ChatResult>> {
    requireObjects("chat({ message }, { userId })", payload, options);
    // The formation's own threshold would put the answer into the background.
    return askWhole(this.caller, chatCall, { threshold_seconds: longestAnswer, ...payload }, options);
  }

  /**
   * Sends a message and gives the answer as it comes. Nothing is sent before the stream is read. Tools with an `execute`
   * are run when the agent calls them, and the stream goes on with their results.
   *
   * @example
   * for await (const event of formation.chatStream({ message: "Hello" }, { userId: "user_123" })) {
   *   if (event.type === "text") process.stdout.write(event.text);
   * }
   */
  chatStream<Arguments extends object = Record<string, unknown>>(
    payload: StreamPayload<Arguments>,
    options: StreamOptions & ForUser = {},
  ): ChatStream {
    requireObjects("chatStream({ message }, { userId })", payload, options);
    return askStream(this.caller, chatCall, payload, options);
  }

  /**
   * Resumes an answer where another stream has left it, in this process or another one. The server keeps the events
   * of an answer for 24 hours after its end.
   *
   * @example
   * const cursor = stream.detach();
   * const answer = await formation.resumeChat(cursor, { userId }).final();
   */
  resumeChat(cursor: ChatCursor, options: StreamOptions & ForUser = {}): ChatStream {
    return resume(this.caller, cursor, options);
  }
}
