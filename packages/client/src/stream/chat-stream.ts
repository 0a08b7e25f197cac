import type { DoneEvent } from "@muxi/protocol/types";
import { MuxiError } from "../errors/index.ts";
import { type Lifetime, requireSize } from "../http/index.ts";
import { type ChatEvent, type ChatOwner, createChatDecoder } from "./chat-events.ts";
import { createEventStream, type EventStream } from "./event-stream.ts";
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
export interface ChatStream extends EventStream<ChatEvent> {
  /** Id of the request: the payload's `request_id`, or one made before it is sent. */
  readonly requestId: string;
  /** Id of the session: the payload's `session_id`, or the one that an event has named. */
  readonly sessionId: string | undefined;
  /**
   * Position from which `resumeChat` continues, also in another process; undefined until the server has taken the
   * request and named its session.
   */
  readonly cursor: ChatCursor | undefined;
  /**
   * Leaves the stream at once and lets the server finish the answer. A request that is on its way is sent to the end, one
   * that was not read yet is sent now.
   *
   * @returns The cursor from which to resume, once the server has the request; undefined when it never got it, and
   * `opened` says why.
   */
  detach(): Promise<ChatCursor | undefined>;
  /** Reads the rest and returns the whole answer. Throws what iterating would throw. */
  final(): Promise<ChatAnswer>;
  /** Reads the rest and returns the text of the whole answer. */
  text(): Promise<string>;
  /** The text only, part by part. */
  textStream(): AsyncGenerator<string, void, undefined>;
  /**
   * The events as a response that a web server can send on. `chatStream` and other readers can read it. After
   * `await stream.opened` a refusal has its own status, such as 401, 422, or 429 with `Retry-After`.
   */
  toResponse(): Response;
}

export const createChatStream = (
  { ask, follow, cancel }: ChatConnector,
  owner: ChatOwner,
  settings: StreamSettings,
): ChatStream => {
  const most = settings.maxResponseSize || Number.POSITIVE_INFINITY;
  let numbered = !ask;
  let text = "";
  let done: DoneEvent | undefined;

  const { stream, disconnect, failure, isOpen } = createEventStream<ChatEvent>(
    {
      async connect(lifetime, after) {
        if (!ask || after !== undefined) {
          const { requestId, sessionId = "" } = owner;
          return follow({ requestId, sessionId, after: after ?? settings.after }, lifetime);
        }
        const response = await ask(lifetime);
        // Only a server that can replay events sends the request id in a header (docs/spec/formation-api.md
        // "Request ids").
        numbered = response.headers.has("x-muxi-request-id");
        return response;
      },
      decode: createChatDecoder(owner),
      isLast: (event) => event.type === "done",
      restarts: (event) => event.type === "progress" && event.stage === "restarted",
      endless: false,
      canResume: (received) => (numbered || received > 0) && owner.sessionId !== undefined,
      delivered(event) {
        if (event.type === "text") {
          if (event.replace) text = "";
          // Longer than that nobody gets it whole.
          if (text.length <= most) text += event.text;
        } else if (event.type === "done") {
          done = event;
        }
      },
      stop: async () => cancel?.(owner.requestId),
    },
    settings,
  );

  const cursor = (): ChatCursor | undefined => {
    const { requestId, sessionId } = owner;
    // One that resumes has a server that took its request.
    if (sessionId === undefined || (ask && !isOpen())) return undefined;
    return { sessionId, requestId, after: stream.position };
  };

  const final = async (): Promise<ChatAnswer> => {
    for await (const _ of stream) requireSize(text.length, most);
    if (!done) throw failure() ?? new MuxiError("The stream was left", { code: "STREAM_LEFT" });
    const { type: _, finished: __, ...rest } = done;
    return { text, ...rest };
  };

  const members: Omit<ChatStream, keyof EventStream<ChatEvent>> = {
    get requestId() {
      return owner.requestId;
    },
    get sessionId() {
      return owner.sessionId;
    },
    get cursor() {
      return cursor();
    },
    async detach() {
      await disconnect(() => cursor() !== undefined);
      return cursor();
    },
    final,
    text: async () => (await final()).text,
    async *textStream() {
      for await (const event of stream) if (event.type === "text") yield event.text;
    },
    toResponse: () =>
      failure() === undefined || isOpen() ? eventResponse(stream) : errorResponse(failure()),
  };
  return Object.setPrototypeOf(members, stream);
};
