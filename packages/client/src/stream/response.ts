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

/**
 * Events as a response of server-sent events. When its reader leaves, so does this one.
 *
 * @param position Number of the event that was read last.
 */
export const eventResponse = (events: AsyncIterableIterator<ChatEvent>, position: () => number): Response => {
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await events.next();
          if (done) return controller.close();
          // An unknown event is sent on under the name that its server gave it.
          const event = value.type === "unknown" ? { ...value, type: value.kind } : value;
          controller.enqueue(encoder.encode(frame(event, position())));
        } catch (error) {
          controller.enqueue(encoder.encode(errorFrame(error)));
          controller.close();
        }
      },
      async cancel() {
        await events.return?.();
      },
    },
    { highWaterMark: 0 },
  );
  return new Response(body, {
    headers: {
      "content-type": "text/event-stream",
      "cache-control": "no-cache",
      "x-accel-buffering": "no",
    },
  });
};
