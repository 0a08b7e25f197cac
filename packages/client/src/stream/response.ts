import { MuxiError } from "../errors/errors.ts";

const frame = (name: string, data: unknown, id?: number): string =>
  `${id ? `id: ${id}\n` : ""}event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;

/** The frame that stands for a failure; what is not of our family stays inside. */
const errorFrame = (error: unknown): string => {
  const { message, code, retryAfter } =
    error instanceof MuxiError ? error : new MuxiError("The stream failed", { code: "INTERNAL_ERROR" });
  return frame("error", { type: "error", code, message, error: message, retry_after: retryAfter });
};

/**
 * Events as a response of server-sent events. When its reader goes away, the events are left too.
 *
 * @param position Number of the event that was read last.
 */
export const eventResponse = (
  events: AsyncIterableIterator<{ type: string }>,
  position: () => number,
): Response => {
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await events.next();
          if (done) return controller.close();
          controller.enqueue(encoder.encode(frame(value.type, value, position())));
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
