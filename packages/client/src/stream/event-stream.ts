import { AbortedError, MuxiError, StreamTruncatedError } from "../errors/index.ts";
import { createLifetime, type Lifetime, retryDelay, sleep } from "../http/index.ts";
import { type Connection, createConnection } from "./connection.ts";
import { readable } from "./response.ts";
import type { Source, StreamSettings } from "./source.ts";

/** An event in the queue. It is also the result of `next()`, so that an event costs one object. */
interface Entry<Event> {
  done: false;
  value: Event;
  number: number;
}

/** Milliseconds after which a connection that brings events has ended the cuts before it. */
const steadyAfter = 5_000;

/**
 * The events of a request, to be iterated once with `for await`. The first read sends the request. Leaving the loop
 * in any way closes the connection.
 */
export class EventStream<Event> implements AsyncIterableIterator<Event>, AsyncDisposable {
  readonly #source: Source<Event>;
  readonly #settings: StreamSettings;
  #queue: Entry<Event>[] = [];
  #head = 0;
  #lifetime: Lifetime | undefined;
  #connection: Connection | undefined;
  #turn: Promise<IteratorResult<Event>> | undefined;
  #received: number;
  #delivered: number;
  /** Cuts since a connection was steady. */
  #cuts = 0;
  #openedAt = 0;
  #ended = false;
  #failure: unknown;
  #failureThrown = false;

  constructor(source: Source<Event>, settings: StreamSettings) {
    this.#source = source;
    this.#settings = settings;
    this.#received = settings.after;
    this.#delivered = settings.after;
  }

  /** Number of the last event that was read; 0 before the first and on servers that do not number events. */
  get position(): number {
    return this.#delivered;
  }

  /** Whether the request was sent and its end has not been received. */
  get active(): boolean {
    return this.#lifetime !== undefined && !this.#ended;
  }

  /** Reads the next event. The first read sends the request. */
  // Not an async function: an event that has arrived already costs one promise, not three.
  next(): Promise<IteratorResult<Event>> {
    const entry = this.#take();
    if (entry !== undefined) return Promise.resolve(entry);
    if (this.#ended) return this.#end();
    return this.#wait();
  }

  /** Leaves the stream: closes the connection and tells the server to stop. */
  async return(): Promise<IteratorResult<Event>> {
    await this.#leave();
    return { done: true, value: undefined };
  }

  /** The stream itself: it can be read once. */
  [Symbol.asyncIterator](): this {
    return this;
  }

  /** The same as `return()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#leave();
  }

  /** Ends the stream at once: its reader gets an `AbortedError` with `reason` as its cause. */
  abort(reason?: unknown): void {
    if (this.#lifetime === undefined) this.#finish(new AbortedError(reason));
    else this.#lifetime.abort(new AbortedError(reason));
  }

  /**
   * The events in arrays, each with all events that have arrived since the last one, at least one. For readers that
   * redraw once per array instead of once per event.
   */
  async *batches(): AsyncGenerator<Event[], void, undefined> {
    try {
      for (;;) {
        const first = await this.next();
        if (first.done) return;
        const batch = [first.value];
        for (let entry = this.#take(); entry !== undefined; entry = this.#take()) batch.push(entry.value);
        yield batch;
      }
    } finally {
      await this.#leave();
    }
  }

  /** The events as a web stream; cancelling it leaves this one. */
  toReadableStream(): ReadableStream<Event> {
    return readable(this, () => this.#leave());
  }

  /** Why the stream ended early, if it did. */
  protected get failure(): unknown {
    return this.#failure;
  }

  /** Called with each event just before its reader gets it. */
  protected delivered(_event: Event): void {}

  /** Closes the connection. The request goes on on the server. */
  protected disconnect(): void {
    this.#finish(undefined);
    this.#failureThrown = true;
    this.#queue = [];
  }

  async #leave(): Promise<void> {
    const { active } = this;
    this.disconnect();
    if (active) await this.#source.stop();
  }

  #take(): Entry<Event> | undefined {
    const entry = this.#queue[this.#head];
    if (entry === undefined) return undefined;
    this.#head++;
    if (this.#head === this.#queue.length) {
      this.#queue.length = 0;
      this.#head = 0;
    }
    this.#delivered = entry.number;
    this.delivered(entry.value);
    return entry;
  }

  /** The next event, once it has arrived. Readers that wait at the same time are served in order. */
  #wait(): Promise<IteratorResult<Event>> {
    const next = () => this.next();
    if (this.#turn !== undefined) return this.#turn.then(next, next);
    const connection = this.#connection;
    // Most chunks have an event: then one callback replaces the several promises of the loop.
    this.#turn =
      connection === undefined
        ? this.#fill()
        : connection.read().then(this.#onChunk, (error) => this.#fill(error));
    return this.#turn;
  }

  readonly #onChunk = (chunk: ReadableStreamReadResult<Uint8Array>) => {
    try {
      this.#takeIn(chunk);
    } catch (error) {
      return this.#fill(error);
    }
    const entry = this.#take();
    if (entry === undefined) return this.#fill();
    this.#turn = undefined;
    return entry;
  };

  #end(): Promise<IteratorResult<Event>> {
    if (this.#failure === undefined || this.#failureThrown)
      return Promise.resolve({ done: true, value: undefined });
    this.#failureThrown = true;
    return Promise.reject(this.#failure);
  }

  #finish(failure: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#failure = failure;
    this.#connection?.close();
    this.#lifetime?.close();
  }

  #start(): Lifetime {
    const lifetime = createLifetime(0, this.#settings.signal);
    const { signal } = lifetime;
    const onAbort = () => {
      if (this.#ended) return;
      this.#queue = [];
      this.#finish(signal.reason);
      void this.#source.stop();
    };
    signal.addEventListener("abort", onAbort, { once: true });
    return lifetime;
  }

  /** Reads until there is an event or the end. A failure is thrown after the queued events were read. */
  async #fill(failure?: unknown): Promise<IteratorResult<Event>> {
    if (failure !== undefined) await this.#recover(failure);
    while (this.#queue.length === 0 && !this.#ended) {
      try {
        this.#connection ??= await this.#connect();
        this.#takeIn(await this.#connection.read());
      } catch (error) {
        await this.#recover(error);
      }
    }
    this.#turn = undefined;
    return this.#take() ?? this.#end();
  }

  #takeIn(chunk: ReadableStreamReadResult<Uint8Array>): void {
    if (this.#connection?.take(chunk) || this.#ended) return;
    if (!this.#source.endless) throw new StreamTruncatedError("The response broke off");
    this.#finish(undefined);
  }

  async #connect(): Promise<Connection> {
    this.#lifetime ??= this.#start();
    const lifetime = createLifetime(this.#settings.timeout, this.#lifetime.signal);
    try {
      const response = await this.#source.connect(lifetime, this.#cuts > 0 ? this.#received : undefined);
      lifetime.liftDeadline();
      this.#openedAt = performance.now();
      return createConnection(response, lifetime, this.#settings, this.#receive);
    } catch (error) {
      // Nobody reads what came instead of a stream: the socket must not wait for that.
      lifetime.close();
      throw error;
    }
  }

  readonly #receive = (name: string, data: string, number: number): void => {
    if (this.#ended) return;
    const source = this.#source;
    const last = this.#received;
    if (number <= last) return;
    let value: Event | undefined;
    let failure: unknown;
    try {
      value = source.decode(name, data);
    } catch (error) {
      failure = error;
    }
    if (number > last) {
      const restarts = value && source.restarts?.(value);
      if (number > last + 1 && !restarts && source.canResume(last)) {
        throw new StreamTruncatedError(`Events after ${last} are missing`);
      }
      this.#received = number;
    }
    if (this.#cuts > 0 && performance.now() - this.#openedAt > steadyAfter) this.#cuts = 0;
    if (failure !== undefined) this.#finish(failure);
    if (value === undefined) return;
    this.#queue.push({ done: false, value, number: this.#received });
    if (source.isLast(value)) this.#finish(undefined);
  };

  /** After a cut, waits until the next attempt; after any other failure, ends the stream with it. */
  async #recover(reason: unknown): Promise<void> {
    if (this.#ended) return;
    const error = this.#connection?.explain(reason) ?? reason;
    this.#connection?.close();
    this.#connection = undefined;
    const retryable = error instanceof MuxiError && error.retryable;
    const last = this.#cuts >= this.#settings.resumeAttempts;
    if (!retryable || last || !this.#source.canResume(this.#received)) {
      const cut = this.#cuts > 0 && !retryable;
      this.#finish(cut ? new StreamTruncatedError("The stream was cut", { cause: error }) : error);
      return;
    }
    const delay = this.#cuts > 0 ? retryDelay(this.#cuts, error.retryAfter, Math.random()) : 0;
    this.#cuts++;
    try {
      await sleep(delay, (this.#lifetime ?? this.#start()).signal);
    } catch (aborted) {
      this.#finish(aborted);
    }
  }
}
