import { MuxiError, StreamIdleError } from "../errors/index.ts";
import { explain, type Lifetime } from "../http/index.ts";
import { createSseParser, type OnEvent } from "./sse.ts";

type Chunk = ReadableStreamReadResult<Uint8Array>;

/** One open response of a stream. */
export interface Connection {
  /** Reads the next chunk. Separate from `take`, so that a chunk costs no promise beyond the reader's own. */
  read(): Promise<Chunk>;
  /** Passes on the events of a chunk. Returns false at the end of the response. */
  take(chunk: Chunk): boolean;
  /** The error to report for a read that failed. */
  explain(error: unknown): unknown;
  /** Closes the socket. */
  close(): void;
}

/** When a silent stream counts as dead. */
export interface IdleRule {
  /** Milliseconds of silence; 0 for no limit. */
  timeout: number;
  /** Silence counts only once the server has shown that it sends keep-alives. */
  afterKeepAlive: boolean;
}

/** Returns the response if it is an event stream, and throws otherwise. */
export const eventStreamOnly = (response: Response): Response => {
  const type = response.headers.get("content-type") ?? "";
  if (type.includes("text/event-stream")) return response;
  throw new MuxiError(`The server answered with "${type}" instead of an event stream`, {
    code: "INVALID_RESPONSE",
    statusCode: response.status,
  });
};

const decoding = { stream: true };

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

/**
 * Reads a response as an event stream.
 *
 * @param lifetime That of this connection: closing the connection ends it.
 */
export const createConnection = (
  response: Response,
  lifetime: Lifetime,
  idle: IdleRule,
  onEvent: OnEvent,
): Connection => {
  const reader = (response.body ?? new Blob([]).stream()).getReader();
  const decoder = new TextDecoder();
  let watched = !idle.afterKeepAlive;
  let atEnd = false;
  const parser = createSseParser(
    (name, data, number) => {
      // An event without its blank line at the end of the response was cut off, unless its data is complete.
      if (!atEnd || isJson(data)) onEvent(name, data, number);
    },
    () => {
      watched = true;
    },
  );

  // For implementations of `fetch` that heed the signal only until the headers.
  const hangUp = () => void reader.cancel().catch(() => undefined);

  // One timer for the whole stream and the start of the current wait: a timer for each chunk would cost more than
  // parsing it. While the caller is busy nothing is waited for, and the server is not to blame.
  let waitingSince: number | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const watch = () => {
    const silent = waitingSince === undefined ? 0 : performance.now() - waitingSince;
    const left = idle.timeout - silent;
    if (left > 0 || !watched) {
      timer = setTimeout(watch, left > 0 ? left : idle.timeout);
    } else {
      lifetime.abort(new StreamIdleError(`Silence for ${idle.timeout} ms (idleTimeout)`));
      hangUp();
    }
  };
  if (idle.timeout > 0) timer = setTimeout(watch, idle.timeout);

  return {
    read() {
      waitingSince = performance.now();
      return reader.read();
    },
    take({ done, value }) {
      waitingSince = undefined;
      if (!done) {
        parser.feed(decoder.decode(value, decoding));
        return true;
      }
      // When this side has aborted, the end of the response is not the server's.
      lifetime.signal.throwIfAborted();
      parser.feed(decoder.decode());
      atEnd = true;
      parser.end();
      return false;
    },
    explain: (error) => explain("The stream broke off", error, lifetime.signal),
    close() {
      clearTimeout(timer);
      hangUp();
      lifetime.abort(undefined);
      lifetime.end();
    },
  };
};
