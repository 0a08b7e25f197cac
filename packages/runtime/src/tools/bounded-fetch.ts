/** What a server of tools may send at most (docs/spec/formation-files.md "MCP connections"). */
export class ServerLimitError extends Error {}

/** Bytes of one message: as many as the library takes over standard input and output. */
const largestMessage = 10 * 2 ** 20;
/** Requests to one server that wait for the beginning of its answer: each message of a server may be one. */
const mostWaiting = 200;

const tooLarge = () => new ServerLimitError(`the server sent a message of more than ${largestMessage} bytes`);

const lineFeed = 10;
const carriageReturn = 13;

/**
 * Bytes since the last blank line, which ends an event. Lines end with `\n`, `\r\n` or `\r`; a blank one is where an end
 * follows an end.
 */
const createEventSize = () => {
  let size = 0;
  let isAtLineStart = true;
  let wasReturn = false;
  return (chunk: Uint8Array): number => {
    for (const byte of chunk) {
      size += 1;
      if (byte === lineFeed && wasReturn) {
        wasReturn = false;
      } else if (byte === lineFeed || byte === carriageReturn) {
        if (isAtLineStart) size = 0;
        isAtLineStart = true;
        wasReturn = byte === carriageReturn;
      } else {
        isAtLineStart = false;
        wasReturn = false;
      }
    }
    return size;
  };
};

const createSize = () => {
  let size = 0;
  return (chunk: Uint8Array): number => {
    size += chunk.length;
    return size;
  };
};

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
    const sizeAfter = isStream ? createEventSize() : createSize();
    const counted = body.pipeThrough(
      new TransformStream<Uint8Array, Uint8Array>({
        transform(chunk, controller) {
          if (sizeAfter(chunk) <= largestMessage) return controller.enqueue(chunk);
          const error = tooLarge();
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
