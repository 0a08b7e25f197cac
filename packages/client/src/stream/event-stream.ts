import { AbortedError, ConnectionError, StreamTruncatedError } from "../errors/index.ts";
import { createLifetime, type Lifetime } from "../http/index.ts";
import { type Connection, createConnection } from "./connection.ts";
import { readable } from "./response.ts";
import { createResumption } from "./resumption.ts";
import { refused, type Source, type StreamOpening, type StreamSettings } from "./source.ts";
import type { OnEvent } from "./sse.ts";

/**
 * The events of a request, to be iterated once with `for await`. The first read sends the request. Leaving the loop
 * in any way closes the connection.
 */
export interface EventStream<Event> extends AsyncIterableIterator<Event>, AsyncDisposable {
  /** Number of the last event that was read; 0 before the first and on servers that do not number events. */
  readonly position: number;
  /** Whether the request was sent and its end has not been received. */
  readonly active: boolean;
  /**
   * How the request was met, before any event is read. Sends the request unless it was sent. It never rejects: a refusal
   * has its status and `error`.
   */
  readonly opened: Promise<StreamOpening>;
  /** Reads the next event. The first read sends the request. */
  next(): Promise<IteratorResult<Event>>;
  /** Leaves the stream: closes the connection and tells the server to stop. */
  return(): Promise<IteratorResult<Event>>;
  /** The stream itself: it can be read once. */
  [Symbol.asyncIterator](): this;
  /** The same as `return()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
  /** Ends the stream at once: its reader gets an `AbortedError` with `reason` as its cause. */
  abort(reason?: unknown): void;
  /**
   * The events in arrays, each with all events that have arrived since the last one, at least one. For readers that
   * redraw once per array instead of once per event.
   */
  batches(): AsyncGenerator<Event[], void, undefined>;
  /** The events as a web stream; cancelling it leaves this one. */
  toReadableStream(): ReadableStream<Event>;
}

/** A stream, and what only those who make it may do. */
export interface StreamParts<Event> {
  stream: EventStream<Event>;
  /** Leaves the stream, and closes the connection once its request has arrived. It goes on on the server. */
  disconnect(hasArrived: () => boolean): Promise<void>;
  /** Why the stream ended early, if it did. */
  failure(): unknown;
  /** Whether there was a response that is a stream. */
  isOpen(): boolean;
}

/** An event that waits for its reader. It is also the result of `next()`, so that an event costs one object. */
interface Entry<Event> {
  done: false;
  value: Event;
  number: number;
}

export const createEventStream = <Event>(
  source: Source<Event>,
  settings: StreamSettings,
): StreamParts<Event> => {
  // What one piece of a chunk holds: so few that taking the first one costs nothing.
  const queue: Entry<Event>[] = [];
  const resumption = createResumption(settings.resumeTimeout);
  let lifetime: Lifetime | undefined;
  let connection: Connection | undefined;
  let turn: Promise<IteratorResult<Event>> | undefined;
  let opening: Promise<void> | undefined;
  let response: StreamOpening | undefined;
  let received = settings.after;
  let delivered = settings.after;
  /** Whether the reader has left, and only the server's answer is awaited. */
  let left = false;
  let ended = false;
  let failure: unknown;
  let failureThrown = false;

  const finish = (reason?: unknown) => {
    if (ended) return;
    ended = true;
    failure = reason;
    connection?.close();
    lifetime?.close();
    resumption.hurry();
  };

  const end = (): Promise<IteratorResult<Event>> => {
    if (failure === undefined || failureThrown) return Promise.resolve({ done: true, value: undefined });
    failureThrown = true;
    return Promise.reject(failure);
  };

  const take = (): Entry<Event> | undefined => {
    const entry = left ? undefined : queue.shift();
    if (entry) {
      delivered = entry.number;
      source.delivered?.(entry.value);
    }
    return entry;
  };

  const start = (): Lifetime => {
    const started = createLifetime(0, settings.signal);
    const { signal } = started;
    resumption.listen(signal);
    signal.addEventListener("abort", () => {
      if (ended) return;
      queue.length = 0;
      finish(signal.reason);
      void source.stop();
    });
    return started;
  };

  const receive: OnEvent = (name, data, number) => {
    const last = received;
    if (ended || number <= last) return;
    let value: Event | undefined;
    let error: unknown;
    try {
      value = source.decode(name, data);
    } catch (thrown) {
      error = thrown;
    }
    if (number > last) {
      const restarts = value && source.restarts?.(value);
      if (number > last + 1 && !restarts && source.canResume(last)) {
        throw new StreamTruncatedError(`Events after ${last} are missing`);
      }
      received = number;
    }
    resumption.received();
    if (error !== undefined) finish(error);
    if (value === undefined) return;
    queue.push({ done: false, value, number: received });
    if (source.isLast(value)) finish();
  };

  const connect = async (): Promise<Connection> => {
    lifetime ??= start();
    const after = resumption.isUnderWay() ? received : undefined;
    const attempt = createLifetime(resumption.timeOf(settings.timeout), lifetime.signal);
    if (after !== undefined)
      resumption.hurry = () => attempt.abort(new ConnectionError("The network is back"));
    try {
      const { status, headers, body } = await source.connect(attempt, after);
      attempt.liftDeadline();
      resumption.connected();
      response ??= { status, headers, error: undefined };
      const made = createConnection(body, attempt, settings, receive);
      resumption.hurry = () => made.doubt(source.canResume(received));
      return made;
    } catch (error) {
      // Nobody reads what came instead of a stream: the socket must not wait for that.
      attempt.close();
      throw error;
    }
  };

  /** After a cut, waits until the next attempt; after any other failure, ends the stream with it. */
  const recover = async (reason: unknown): Promise<void> => {
    if (ended) return;
    const error = connection?.explain(reason) ?? reason;
    connection?.close();
    connection = undefined;
    const fatal = await resumption.retry(error, source.canResume(received));
    if (fatal !== undefined) finish(fatal);
  };

  const reach = async (): Promise<void> => {
    while (!connection && !ended) {
      try {
        connection = await connect();
      } catch (error) {
        await recover(error);
      }
    }
    opening = undefined;
  };

  /** Sends the request, as often as it takes, until there is a connection or the stream has ended. */
  const open = (): Promise<void> => {
    if (connection || ended) return Promise.resolve();
    opening ??= reach();
    return opening;
  };

  const takeIn = (chunk: ReadableStreamReadResult<Uint8Array>) => {
    if (connection?.take(chunk) || ended) return;
    if (!source.endless) throw new StreamTruncatedError("The response broke off");
    finish();
  };

  /** Reads until there is an event or the end. A failure is thrown after the queued events were read. */
  const fill = async (reason?: unknown): Promise<IteratorResult<Event>> => {
    if (reason !== undefined) await recover(reason);
    while (queue.length === 0 && !ended) {
      if (!connection) await open();
      try {
        if (connection) takeIn(await connection.read());
      } catch (error) {
        await recover(error);
      }
    }
    turn = undefined;
    return take() ?? end();
  };

  const onChunk = (chunk: ReadableStreamReadResult<Uint8Array>) => {
    try {
      takeIn(chunk);
    } catch (error) {
      return fill(error);
    }
    const entry = take();
    if (!entry) return fill();
    turn = undefined;
    return entry;
  };

  // Not an async function: an event that has arrived already costs one promise, not three.
  const next = (): Promise<IteratorResult<Event>> => {
    const entry = take();
    if (entry) return Promise.resolve(entry);
    if (ended || left) return end();
    // Readers that wait at the same time are served in order.
    if (turn) return turn.then(next, next);
    // Most chunks have an event: then one callback replaces the several promises of the loop.
    turn = connection?.read().then(onChunk, fill) ?? fill();
    return turn;
  };

  const disconnect = async (hasArrived: () => boolean): Promise<void> => {
    left = true;
    failureThrown = true;
    if (!hasArrived()) await open();
    while (!ended && !hasArrived()) {
      queue.length = 0;
      turn ??= fill();
      await turn;
    }
    finish();
  };

  const isActive = () => Boolean(lifetime) && !ended;

  const leave = async (): Promise<void> => {
    if (left) return;
    const wasActive = isActive();
    void disconnect(() => true);
    if (wasActive) await source.stop();
  };

  const stream: EventStream<Event> = {
    get position() {
      return delivered;
    },
    get active() {
      return isActive();
    },
    get opened() {
      return open().then(() => response ?? refused(failure));
    },
    next,
    async return() {
      await leave();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
    [Symbol.asyncDispose]: leave,
    abort(reason) {
      const error = new AbortedError(reason);
      if (lifetime) lifetime.abort(error);
      else finish(error);
    },
    async *batches() {
      try {
        for (;;) {
          const first = await next();
          if (first.done) return;
          const batch = [first.value];
          for (let entry = take(); entry; entry = take()) batch.push(entry.value);
          yield batch;
        }
      } finally {
        await leave();
      }
    },
    toReadableStream: () => readable(stream, leave),
  };
  return { stream, disconnect, failure: () => failure, isOpen: () => Boolean(response) };
};
