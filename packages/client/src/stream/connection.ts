import { ConfigurationError, invalidResponse, StreamIdleError } from "../errors/index.ts";
import { explain, type Lifetime, parseJson, unexpected } from "../http/index.ts";
import type { StreamSettings } from "./source.ts";
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
  /** The network is back: a connection that has been silent for longer than the server's comments allow is dead. */
  doubt(isResumable: boolean): void;
  /** Closes the socket. */
  close(): void;
}

/** Returns the response if it is an event stream, and throws otherwise. */
export const eventStreamOnly = (response: Response): Response => {
  // Not null, which an empty body is.
  if (response.body === undefined)
    throw new ConfigurationError("fetch", "gives no stream: in React Native pass that of expo/fetch");
  if (response.headers.get("content-type")?.includes("text/event-stream")) return response;
  throw invalidResponse(unexpected(response, "no event stream"), response.status);
};

const decoding = { stream: true };

/** Milliseconds of silence that a chat stream may have: it sends a comment after each second. */
const longestSilence = 3_000;

/**
 * Bytes that are made into events at once. A `fetch` may hand over any number of bytes: the rest waits as bytes, and
 * the socket waits for it.
 */
const mostAtOnce = 64 * 1024;

/**
 * Reads a response as an event stream.
 *
 * @param lifetime That of this connection: closing the connection ends it.
 */
export const createConnection = (
  response: Response,
  lifetime: Lifetime,
  { idleTimeout, afterKeepAlive, maxResponseSize }: StreamSettings,
  onEvent: OnEvent,
): Connection => {
  const reader = (response.body ?? new Blob([]).stream()).getReader();
  const decoder = new TextDecoder();
  let watched = !afterKeepAlive;
  let atEnd = false;
  let rest: Uint8Array | undefined;
  const parser = createSseParser(
    (name, data, number) => {
      // An event without its blank line at the end of the response was cut off, unless its data is complete.
      if (!atEnd || parseJson(data) !== undefined) onEvent(name, data, number);
    },
    () => {
      watched = true;
    },
    maxResponseSize,
  );

  // For implementations of `fetch` that heed the signal only until the headers.
  const hangUp = () => void reader.cancel().catch(() => undefined);

  // One timer for the whole stream and the start of the current wait: a timer for each chunk would cost more than
  // parsing it. While the caller is busy nothing is waited for, and the server is not to blame.
  let waitingSince: number | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = () => (waitingSince === undefined ? 0 : performance.now() - waitingSince);
  const giveUp = () => {
    lifetime.abort(new StreamIdleError(`Silence for ${Math.round(silence())} ms (idleTimeout)`));
    hangUp();
  };
  const watch = () => {
    const left = idleTimeout - silence();
    if (left > 0 || !watched) timer = setTimeout(watch, left > 0 ? left : idleTimeout);
    else giveUp();
  };
  if (idleTimeout > 0) timer = setTimeout(watch, idleTimeout);

  return {
    read() {
      if (rest?.length) return Promise.resolve({ done: false, value: rest });
      waitingSince = performance.now();
      return reader.read();
    },
    take({ done, value }) {
      waitingSince = undefined;
      if (!done) {
        rest = value.subarray(mostAtOnce);
        parser.feed(decoder.decode(value.subarray(0, mostAtOnce), decoding));
        return true;
      }
      // When this side has aborted, the end of the response is not the server's.
      lifetime.signal.throwIfAborted();
      parser.feed(decoder.decode());
      atEnd = true;
      parser.end();
      return false;
    },
    doubt(isResumable) {
      if (isResumable && silence() > longestSilence) giveUp();
    },
    explain: (error) => explain("The response broke off", error, lifetime.signal),
    close() {
      clearTimeout(timer);
      hangUp();
      lifetime.close();
    },
  };
};
