import { AbortedError, ConnectionError, StreamTruncatedError } from "../errors/index.ts";
import { createLifetime, type Lifetime } from "../http/index.ts";
import { type Connection, createConnection } from "./connection.ts";
import { type Entry, Queue } from "./queue.ts";
import { readable } from "./response.ts";
import { Resumption } from "./resumption.ts";
import { refused, type Source, type StreamOpening, type StreamSettings } from "./source.ts";

/**
 * The events of a request, to be iterated once with `for await`. The first read sends the request. Leaving the loop
 * in any way closes the connection.
 */
export class EventStream<Event> implements AsyncIterableIterator<Event>, AsyncDisposable {
  readonly #source: Source<Event>;
  readonly #settings: StreamSettings;
  readonly #queue = new Queue<Event>();
  #lifetime: Lifetime | undefined;
  #connection: Connection | undefined;
  #turn: Promise<IteratorResult<Event>> | undefined;
  #received: number;
  #delivered: number;
  readonly #resumption: Resumption;
  /** What is done before the stream goes on with other events. */
  #pause: Promise<void> | undefined;
  #goesOn = false;
  #opening: Promise<void> | undefined;
  #response: StreamOpening | undefined;
  /** Whether the reader has left, and only the server's answer is awaited. */
  #left = false;
  #ended = false;
  #failure: unknown;
  #failureThrown = false;

  constructor(source: Source<Event>, settings: StreamSettings) {
    this.#source = source;
    this.#settings = settings;
    this.#resumption = new Resumption(settings.resumeTimeout);
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

  /**
   * How the request was met, before any event is read. Sends the request unless it was sent. It never rejects: a refusal
   * has its status and `error`.
   */
  get opened(): Promise<StreamOpening> {
    return this.#open().then(() => this.#response ?? refused(this.#failure));
  }

  /** Reads the next event. The first read sends the request. */
  // Not an async function: an event that has arrived already costs one promise, not three.
  next(): Promise<IteratorResult<Event>> {
    const entry = this.#take();
    if (entry !== undefined) return Promise.resolve(entry);
    if (this.#ended || this.#left) return this.#end();
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

  /** Whether there was a response that is a stream. */
  protected get isOpen(): boolean {
    return this.#response?.headers !== undefined;
  }

  /** Called with each event just before its reader gets it. */
  protected delivered(_event: Event): void {}

  /** Leaves the stream, and closes the connection once its request has arrived. It goes on on the server. */
  protected async disconnect(hasArrived: () => boolean): Promise<void> {
    this.#left = true;
    this.#failureThrown = true;
    if (!hasArrived()) await this.#open();
    while (!this.#ended && !hasArrived()) {
      this.#queue.clear();
      this.#turn ??= this.#fill();
      await this.#turn;
    }
    this.#finish(undefined);
  }

  async #leave(): Promise<void> {
    if (this.#left) return;
    const { active } = this;
    void this.disconnect(() => true);
    if (active) await this.#source.stop();
  }

  #take(): Entry<Event> | undefined {
    const entry = this.#left ? undefined : this.#queue.take();
    if (entry === undefined) return undefined;
    this.#delivered = entry.number;
    this.delivered(entry.value);
    return entry;
  }

  /** The next event, once it has arrived. Readers that wait at the same time are served in order. */
  #wait(): Promise<IteratorResult<Event>> {
    const next = () => this.next();
    if (this.#turn !== undefined) return this.#turn.then(next, next);
    // Most chunks have an event: then one callback replaces the several promises of the loop.
    this.#turn = this.#connection?.read().then(this.#onChunk, (error) => this.#fill(error)) ?? this.#fill();
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
    this.#resumption.hurry();
  }

  #start(): Lifetime {
    const lifetime = createLifetime(0, this.#settings.signal);
    const { signal } = lifetime;
    this.#resumption.listen(signal);
    signal.addEventListener("abort", () => {
      if (this.#ended) return;
      this.#queue.clear();
      this.#finish(signal.reason);
      void this.#source.stop();
    });
    return lifetime;
  }

  /** Reads until there is an event or the end. A failure is thrown after the queued events were read. */
  async #fill(failure?: unknown): Promise<IteratorResult<Event>> {
    if (failure !== undefined) await this.#recover(failure);
    while (this.#queue.isEmpty && !this.#ended) {
      if (this.#pause) await this.#endPause();
      if (!this.#connection) await this.#open();
      try {
        if (this.#connection) this.#takeIn(await this.#connection.read());
      } catch (error) {
        await this.#recover(error);
      }
    }
    this.#turn = undefined;
    return this.#take() ?? this.#end();
  }

  async #endPause(): Promise<void> {
    const { signal } = this.#lifetime ?? {};
    const left = new Promise<void>((resolve) => signal?.addEventListener("abort", () => resolve()));
    try {
      await Promise.race([this.#pause, left]);
    } catch (error) {
      this.#finish(error);
    }
    this.#pause = undefined;
  }

  /** Sends the request, as often as it takes, until there is a connection or the stream has ended. */
  #open(): Promise<void> {
    if (this.#connection || this.#ended) return Promise.resolve();
    this.#opening ??= this.#reach();
    return this.#opening;
  }

  async #reach(): Promise<void> {
    while (!this.#connection && !this.#ended) {
      try {
        this.#connection = await this.#connect();
      } catch (error) {
        await this.#recover(error);
      }
    }
    this.#opening = undefined;
  }

  #takeIn(chunk: ReadableStreamReadResult<Uint8Array>): void {
    if (this.#connection?.take(chunk) || this.#ended) return;
    if (!this.#source.endless) throw new StreamTruncatedError("The response broke off");
    this.#finish(undefined);
  }

  async #connect(): Promise<Connection> {
    this.#lifetime ??= this.#start();
    const resumption = this.#resumption;
    const after = resumption.isUnderWay || this.#goesOn ? this.#received : undefined;
    const lifetime = createLifetime(resumption.timeOf(this.#settings.timeout), this.#lifetime.signal);
    if (after !== undefined)
      resumption.hurry = () => lifetime.abort(new ConnectionError("The network is back"));
    try {
      const response = await this.#source.connect(lifetime, after);
      lifetime.liftDeadline();
      resumption.connected();
      this.#response ??= { status: response.status, headers: response.headers, error: undefined };
      const connection = createConnection(response, lifetime, this.#settings, this.#receive);
      resumption.hurry = () => connection.doubt(this.#source.canResume(this.#received));
      return connection;
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
    this.#resumption.received();
    if (failure !== undefined) this.#finish(failure);
    if (value === undefined) return;
    this.#pause = source.pause?.(value);
    if (this.#pause) {
      this.#pause.catch(() => {});
      this.#goesOn = true;
      this.#received = 0;
      this.#connection?.close();
      this.#connection = undefined;
      return;
    }
    this.#queue.add(value, this.#received);
    if (source.isLast(value)) this.#finish(undefined);
  };

  /** After a cut, waits until the next attempt; after any other failure, ends the stream with it. */
  async #recover(reason: unknown): Promise<void> {
    if (this.#ended) return;
    const error = this.#connection?.explain(reason) ?? reason;
    this.#connection?.close();
    this.#connection = undefined;
    const delay = this.#source.canResume(this.#received) ? this.#resumption.next(error) : undefined;
    if (delay === undefined) this.#finish(this.#resumption.reason(error));
    else await this.#resumption.wait(delay);
  }
}
