import { createMessageMeter } from "./message-meter.ts";

/** What a server of tools may send at most (docs/spec/formation-files.md "MCP connections"). */
export class ServerLimitError extends Error {}

/** Requests to one server that wait for the beginning of its answer: each message of a server may be one. */
const mostWaiting = 200;

export const tooLarge = (excess: string) =>
  new ServerLimitError(`the server sent a message of more than ${excess}`);

/**
 * `fetch` for one MCP server, whose answers are no larger than a message may be; of an event stream, each event.
 *
 * @param onLimit Called when a limit is overstepped, besides the error that the reader gets.
 */
export const createBoundedFetch = (onLimit: (error: ServerLimitError) => void): typeof fetch => {
  let waiting = 0;

  const bounded = (response: Response): Response => {
    const { body, status, statusText, headers } = response;
    if (!body) return response;
    const isStream = headers.get("content-type")?.toLowerCase().startsWith("text/event-stream");
    const meter = createMessageMeter(isStream ? "blank line" : "end");
    const counted = body.pipeThrough(
      new TransformStream<Uint8Array, Uint8Array>({
        transform(chunk, controller) {
          const excess = meter.excessAfter(chunk);
          if (excess === undefined) return controller.enqueue(chunk);
          const error = tooLarge(excess);
          controller.error(error);
          onLimit(error);
        },
      }),
    );
    return new Response(counted, { status, statusText, headers });
  };

  return async (input, init) => {
    if (waiting >= mostWaiting) {
      const error = new ServerLimitError(
        `more than ${mostWaiting} requests to the server wait for an answer`,
      );
      onLimit(error);
      throw error;
    }
    waiting += 1;
    try {
      return bounded(await fetch(input, init));
    } finally {
      waiting -= 1;
    }
  };
};
