import { MuxiError } from "../errors/index.ts";
import type { ChatEvent } from "./chat-events.ts";

const frame = <Event extends { type: string }>(event: Event, id?: number): string =>
  `${id ? `id: ${id}\n` : ""}event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;

/** What a web server may tell its own clients: the server's words, but not where it is, nor other packages' errors. */
const told = (error: unknown) => {
  const known = error instanceof MuxiError;
  const { code, statusCode, retryAfter } = known ? error : new MuxiError("", { code: "INTERNAL_ERROR" });
  return {
    code,
    statusCode,
    retryAfter,
    message: known && statusCode > 0 ? error.message : "The stream failed",
  };
};

/** The frame that reports a failure. */
const errorFrame = (error: unknown): string => {
  const { code, message, retryAfter } = told(error);
  return frame({ type: "error", code, message, error: message, retry_after: retryAfter });
};

/** The response for a request that was refused, or never met. */
export const errorResponse = (error: unknown): Response => {
  const { code, message, statusCode, retryAfter } = told(error);
  return Response.json(
    { error: { code, message } },
    {
      status: statusCode < 400 ? 502 : statusCode,
      headers: retryAfter === undefined ? {} : { "retry-after": String(Math.ceil(retryAfter)) },
    },
  );
};

/** Milliseconds of silence after which a response has a comment, as a formation's own has. */
const keepAliveAfter = 1_000;

/**
 * What an iterator gives as a web stream, which asks for a value only when it is read.
 *
 * @param comment Makes what is sent to a reader that has waited.
 */
export const readable = <Value>(
  values: AsyncIterator<Value>,
  cancel: () => Promise<void>,
  comment?: () => Value,
): ReadableStream<Value> => {
  let waiting: ReturnType<typeof setInterval> | undefined;
  return new ReadableStream<Value>(
    {
      async pull(controller) {
        if (comment) {
          waiting = setInterval(() => {
            // Unless the last one was not read yet.
            if (controller.desiredSize === 0) controller.enqueue(comment());
          }, keepAliveAfter);
        }
        try {
          const { done, value } = await values.next();
          if (done) controller.close();
          else controller.enqueue(value);
        } finally {
          clearInterval(waiting);
        }
      },
      cancel() {
        clearInterval(waiting);
        return cancel();
      },
    },
    { highWaterMark: 0 },
  );
};

/** What is read of a chat stream. */
interface Events extends AsyncIterable<ChatEvent> {
  /** Number of the event that was read last. */
  readonly position: number;
  /** Leaves the stream. */
  [Symbol.asyncDispose](): Promise<void>;
}

const encoder = new TextEncoder();

async function* framesOf(events: Events) {
  try {
    for await (const event of events) {
      // An unknown event is sent on under the name that its server gave it.
      const named = event.type === "unknown" ? { ...event, type: event.kind } : event;
      const sent = event.type === "text" ? { ...event, content: undefined } : named;
      yield encoder.encode(frame(sent, events.position));
    }
  } catch (error) {
    yield encoder.encode(errorFrame(error));
  }
}

/** Events as a response of server-sent events. When its reader leaves, so does this one. */
export const eventResponse = (events: Events): Response =>
  new Response(
    readable(
      framesOf(events),
      () => events[Symbol.asyncDispose](),
      () => encoder.encode(": keepalive\n\n"),
    ),
    {
      headers: {
        "content-type": "text/event-stream",
        "cache-control": "no-cache",
        "x-accel-buffering": "no",
      },
    },
  );
