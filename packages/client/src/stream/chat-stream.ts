import type { DoneEvent, Interrupt } from "@muxi/protocol/types";
import { MuxiError } from "../errors/index.ts";
import { type Lifetime, requireSize } from "../http/index.ts";
import { type ChatEvent, type ChatOwner, createChatDecoder } from "./chat-events.ts";
import { EventStream } from "./event-stream.ts";
import { errorResponse, eventResponse } from "./response.ts";
import type { StreamSettings } from "./source.ts";

/** Position of a reader in a chat stream: plain data, from which another process can resume. */
export interface ChatCursor {
  /** Session of the answer. */
  sessionId: string;
  /** Request that is answered. */
  requestId: string;
  /** Number of the last event that was read; 0 for none. */
  after: number;
}

/** A whole answer: its text, and the fields of the `done` event. */
export interface ChatAnswer extends Omit<DoneEvent, "type" | "finished"> {
  /** Text of the whole answer. */
  text: string;
}

/** How a chat stream reaches its server. */
export interface ChatConnector {
  /** Sends the message; undefined for a stream that resumes an earlier request. */
  ask?: (lifetime: Lifetime) => Promise<Response>;
  /** Requests the events after the cursor. */
  follow(cursor: ChatCursor, lifetime: Lifetime): Promise<Response>;
  /** Makes the calls that a request waits for, and answers it; undefined for a reader that makes none. */
  runTools?: (interrupt: Interrupt) => Promise<void>;
  /** Stops the request on the server; undefined for a reader that only watches. */
  cancel?: (requestId: string) => Promise<void>;
}

/**
 * One answer as it arrives. Iterate its events, or use `text()`, `textStream()`, `batches()` or `final()`.
 *
 * Leaving the loop early (`break`, `return`, a throw, `await using`) stops the answer on the server, and so does an
 * abort; `detach()` leaves without stopping it. When the connection is cut and the server numbers its events, the
 * stream resumes by itself without losing or repeating one; otherwise it ends with `StreamTruncatedError`.
 *
 * @example
 * for await (const event of formation.chatStream({ message: "Hello" }, { userId: "user_123" })) {
 *   if (event.type === "text") process.stdout.write(event.text);
 * }
 */
export class ChatStream extends EventStream<ChatEvent> {
  readonly #owner: ChatOwner;
  readonly #most: number;
  /** Whether the first call makes the request, rather than resumes it. */
  readonly #asks: boolean;
  #text = "";
  #done: DoneEvent | undefined;

  constructor(connector: ChatConnector, owner: ChatOwner, settings: StreamSettings) {
    const decode = createChatDecoder(owner);
    let numbered = connector.ask === undefined;
    super(
      {
        async connect(lifetime, after) {
          if (connector.ask === undefined || after !== undefined) {
            const { requestId, sessionId = "" } = owner;
            return connector.follow({ requestId, sessionId, after: after ?? settings.after }, lifetime);
          }
          const response = await connector.ask(lifetime);
          // Only a server that can replay events sends the request id in a header (docs/spec/formation-api.md
          // "Request ids").
          numbered = response.headers.has("x-muxi-request-id");
          return response;
        },
        decode,
        isLast: (event) => event.type === "done",
        restarts: (event) => event.type === "progress" && event.stage === "restarted",
        pause: (event) => {
          if (event.type !== "done" || event.interrupt?.kind !== "client_tools") return undefined;
          const running = connector.runTools?.(event.interrupt);
          // The answer is what comes after the calls.
          if (running) this.#text = "";
          return running;
        },
        endless: false,
        canResume: (received) => (numbered || received > 0) && owner.sessionId !== undefined,
        stop: async () => connector.cancel?.(owner.requestId),
      },
      settings,
    );
    this.#owner = owner;
    this.#asks = connector.ask !== undefined;
    this.#most = settings.maxResponseSize || Number.POSITIVE_INFINITY;
  }

  /** Id of the request: the payload's `request_id`, or one made before it is sent. */
  get requestId(): string {
    return this.#owner.requestId;
  }

  /** Id of the session: the payload's `session_id`, or the one that an event has named. */
  get sessionId(): string | undefined {
    return this.#owner.sessionId;
  }

  /**
   * Position from which `resumeChat` continues, also in another process; undefined until the server has taken the
   * request and named its session.
   */
  get cursor(): ChatCursor | undefined {
    const { requestId, sessionId } = this.#owner;
    if (sessionId === undefined || (this.#asks && !this.isOpen)) return undefined;
    return { sessionId, requestId, after: this.position };
  }

  /**
   * Leaves the stream at once and lets the server finish the answer. A request that is on its way is sent to the end, one
   * that was not read yet is sent now.
   *
   * @returns The cursor from which to resume, once the server has the request; undefined when it never got it, and
   * `opened` says why.
   */
  async detach(): Promise<ChatCursor | undefined> {
    await this.disconnect(() => this.cursor !== undefined);
    return this.cursor;
  }

  /** Reads the rest and returns the whole answer. Throws what iterating would throw. */
  async final(): Promise<ChatAnswer> {
    for await (const _ of this) requireSize(this.#text.length, this.#most);
    if (this.#done === undefined) {
      throw this.failure ?? new MuxiError("The stream was left", { code: "STREAM_LEFT" });
    }
    const { type: _, finished: __, ...rest } = this.#done;
    return { text: this.#text, ...rest };
  }

  /** Reads the rest and returns the text of the whole answer. */
  async text(): Promise<string> {
    return (await this.final()).text;
  }

  /** The text only, part by part. */
  async *textStream(): AsyncGenerator<string, void, undefined> {
    for await (const event of this) if (event.type === "text") yield event.text;
  }

  /**
   * The events as a response that a web server can send on. `chatStream` and other readers can read it. After
   * `await stream.opened` a refusal has its own status, such as 401, 422, or 429 with `Retry-After`.
   */
  toResponse(): Response {
    return this.failure === undefined || this.isOpen ? eventResponse(this) : errorResponse(this.failure);
  }

  protected override delivered(event: ChatEvent): void {
    if (event.type === "text") {
      if (event.replace) this.#text = "";
      // Longer than that nobody gets it whole.
      if (this.#text.length <= this.#most) this.#text += event.text;
    } else if (event.type === "done") {
      this.#done = event;
    }
  }
}
