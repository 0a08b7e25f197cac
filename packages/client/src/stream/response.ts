import { MuxiError } from "../errors/index.ts";
import type { ChatEvent } from "./chat-events.ts";

const frame = <Event extends { type: string }>(event: Event, id?: number): string =>
  `${id ? `id: ${id}\n` : ""}event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;

/** The frame that reports a failure. Errors that are not this package's are not passed on. */
const errorFrame = (error: unknown): string => {
  const { message, code, retryAfter } =
    error instanceof MuxiError ? error : new MuxiError("The stream failed", { code: "INTERNAL_ERROR" });
  return frame({ type: "error", code, message, error: message, retry_after: retryAfter });
};

/** What an iterator gives as a web stream, which asks for a value only when it is read. */
export const readable = <Value>(
  values: AsyncIterator<Value>,
  cancel: () => Promise<void>,
): ReadableStream<Value> =>
  new ReadableStream<Value>(
    {
      async pull(controller) {
        const { done, value } = await values.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel,
    },
    { highWaterMark: 0 },
  );

/** What is read of a chat stream. */
interface Events extends AsyncIterable<ChatEvent> {
  /** Number of the event that was read last. */
  readonly position: number;
  /** Leaves the stream. */
  [Symbol.asyncDispose](): Promise<void>;
}

async function* framesOf(events: Events) {
  const encoder = new TextEncoder();
  try {
    for await (const event of events) {
      // An unknown event is sent on under the name that its server gave it.
      const named = event.type === "unknown" ? { ...event, type: event.kind } : event;
      yield encoder.encode(frame(named, events.position));
    }
  } catch (error) {
    yield encoder.encode(errorFrame(error));
  }
}

/** Events as a response of server-sent events. When its reader leaves, so does this one. */
export const eventResponse = (events: Events): Response =>
  new Response(
    readable(framesOf(events), () => events[Symbol.asyncDispose]()),
    {
      headers: {
        "content-type": "text/event-stream",
        "cache-control": "no-cache",
        "x-accel-buffering": "no",
      },
    },
  );
