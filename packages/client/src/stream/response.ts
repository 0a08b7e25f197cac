import { MuxiError } from "../errors/index.ts";
import type { Events, Refusal } from "./frames.ts";

/** The server's words, but not where it is, nor other packages' errors. */
const refusalOf = (error: unknown): Refusal => {
  const known = error instanceof MuxiError;
  const { code, statusCode, retryAfter } = known ? error : new MuxiError("", { code: "INTERNAL_ERROR" });
  return {
    code,
    statusCode,
    retryAfter,
    message: known && statusCode > 0 ? error.message : "The stream failed",
  };
};

/** The response for a request that was refused, or never met. */
export const errorResponse = (error: unknown): Response => {
  const { code, message, statusCode, retryAfter } = refusalOf(error);
  return Response.json(
    { error: { code, message } },
    {
      status: statusCode < 400 ? 502 : statusCode,
      headers: retryAfter === undefined ? {} : { "retry-after": String(Math.ceil(retryAfter)) },
    },
  );
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

async function* lazyFramesOf(events: Events) {
  const { framesOf } = await import("./frames.ts");
  yield* framesOf(events, refusalOf);
}

/** Events as a response of server-sent events. When its reader leaves, so does this one. */
export const eventResponse = (events: Events): Response =>
  new Response(
    readable(lazyFramesOf(events), () => events[Symbol.asyncDispose]()),
    {
      headers: {
        "content-type": "text/event-stream",
        "cache-control": "no-cache",
        "x-accel-buffering": "no",
      },
    },
  );
