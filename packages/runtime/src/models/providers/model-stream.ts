import type { ModelConfig } from "@muxi/formation";
import {
  asError,
  type HttpClient,
  type PendingRequest,
  type ResponseHead,
  type ResponseReader,
} from "@muxi/http";
import { isObject, type JsonObject } from "@muxi/protocol";
import { parseJson } from "../../base/index.ts";
import type { ModelDelta } from "../interface/index.ts";
import {
  cutOffError,
  ModelError,
  networkError,
  pageError,
  responseError,
  timeoutError,
} from "../interface/index.ts";
import type { AnswerBounds } from "./answer-bounds.ts";
import { createSseReader, EventTooLargeError, type SseReader } from "./sse.ts";
import {
  errorBodyLimit,
  isBlank,
  isEventStream,
  type WholeResponse,
  wholeResponse,
} from "./whole-response.ts";

/** Turns the events of one answer into deltas. Each call has its own. */
export interface WireDecoder {
  /** Adds the deltas of one event's `data`. @throws ModelError */
  event(data: string, deltas: ModelDelta[]): void;
  /** Adds the deltas of an answer in one piece of JSON, including `finish`. @throws ModelError */
  whole(body: JsonObject, deltas: ModelDelta[]): void;
  /** Adds `finish` at the end of the response, if the model has finished. @throws ModelError */
  end(deltas: ModelDelta[]): void;
}

export interface ModelStreamOptions {
  http: HttpClient;
  config: ModelConfig;
  url: URL;
  headers: Record<string, string>;
  /** Emptied once it is sent. */
  body: string;
  decoder: WireDecoder;
  bounds: AnswerBounds;
}

/** Deltas that may wait for the consumer before reading from the socket pauses. */
const waitingLimit = 4096;

/** A pending `next()`. */
interface Waiter {
  resolve: (part: IteratorResult<ModelDelta[]>) => void;
  reject: (reason: unknown) => void;
}

const over: IteratorResult<ModelDelta[]> = { value: undefined, done: true };

/**
 * One request to a provider and its streamed answer, in batches of deltas, one for each read from the socket. It is its
 * own iterator: without a stream object between socket and deltas, and with one promise per batch, a token costs little
 * more than its `JSON.parse`.
 */
export class ModelStream implements ResponseReader, AsyncIterableIterator<ModelDelta[]> {
  readonly #options: ModelStreamOptions;
  readonly #signal: AbortSignal;
  /** While events are read: a chat that waits for its model, or for the disk after the answer, holds none. */
  #reader: SseReader | undefined;
  #timer: NodeJS.Timeout | undefined;
  #call: PendingRequest | undefined;
  #deltas: ModelDelta[] = [];
  #state: "unsent" | "open" | "finished" | "failed" = "unsent";
  #failure: unknown;
  #isAnswering = false;
  #isPaused = false;
  #waiter: Waiter | undefined;
  #whole: WholeResponse | undefined;
  /** The head of an answer of which nothing but blanks has come. */
  #unread: ResponseHead | undefined;

  constructor(options: ModelStreamOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /**
   * The next batch; the first call sends the request.
   *
   * @throws ModelError, or the reason of the signal
   */
  next(): Promise<IteratorResult<ModelDelta[]>> {
    if (this.#state === "unsent") this.#send();
    const part = this.#part();
    if (part) return Promise.resolve(part);
    if (this.#state === "failed") return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#waiter = { resolve, reject };
    });
  }

  /** Stops reading. A finished answer keeps its connection, on which only the tail is outstanding. */
  return(): Promise<IteratorResult<ModelDelta[]>> {
    if (this.#state === "open") this.#abandon(new Error("The answer is no longer read"));
    return Promise.resolve(over);
  }

  head(head: ResponseHead): void {
    this.#timer?.refresh();
    this.#isAnswering = true;
    if (head.status < 300) this.#unread = head;
    else this.#whole = wholeResponse(head);
  }

  data(chunk: Buffer): void {
    this.#timer?.refresh();
    if (this.#state !== "open") return;
    if (this.#unread && !isBlank(chunk)) {
      if (!isEventStream(this.#unread, chunk)) this.#whole = wholeResponse(this.#unread);
      this.#unread = undefined;
    }
    if (this.#whole) {
      // The chunk's bytes are reused after this returns.
      this.#whole.chunks.push(Buffer.from(chunk));
      this.#whole.size += chunk.length;
      if (this.#whole.size > this.#whole.limit) {
        this.#readWhole(this.#whole);
        this.#disconnect();
      }
      return;
    }
    const from = this.#deltas.length;
    try {
      this.#options.bounds.receive(chunk.length);
      this.#reader ??= createSseReader((data) => this.#options.decoder.event(data, this.#deltas));
      this.#reader.take(chunk);
      this.#options.bounds.add(this.#deltas, from);
    } catch (error) {
      this.#fail(error instanceof EventTooLargeError ? this.#tooLarge(error) : error);
      this.#disconnect();
      return;
    }
    this.#settle();
    if (this.#state === "open" && this.#deltas.length > waitingLimit) {
      this.#isPaused = true;
      this.#call?.pause();
    }
  }

  end(): void {
    clearTimeout(this.#timer);
    if (this.#state !== "open") return;
    if (this.#unread && !isEventStream(this.#unread)) this.#whole = wholeResponse(this.#unread);
    if (this.#whole) {
      this.#readWhole(this.#whole);
    } else {
      this.#decode((decoder, deltas) => {
        this.#reader?.end();
        decoder.end(deltas);
      });
    }
    if (this.#state === "open") this.#fail(cutOffError(this.#options.config));
  }

  failed(error: Error): void {
    clearTimeout(this.#timer);
    const { config, url } = this.#options;
    if (this.#state !== "open") return;
    this.#fail(this.#isAnswering ? cutOffError(config, error) : networkError(config, url.origin, error));
  }

  #send(): void {
    if (this.#signal.aborted) {
      this.#fail(this.#signal.reason);
      return;
    }
    this.#state = "open";
    this.#signal.addEventListener("abort", this.#onAbort, { once: true });
    const { config, http, url, headers, body } = this.#options;
    this.#options.body = "";
    // One clock for the connection, the headers and each read.
    this.#timer = setTimeout(() => this.#onIdle(), config.settings.timeoutSeconds * 1000);
    try {
      this.#call = http.send({ method: "POST", url, headers, body }, this);
    } catch (error) {
      this.failed(asError(error));
    }
  }

  /** The batch that is waiting, or the end. */
  #part(): IteratorResult<ModelDelta[]> | undefined {
    if (this.#deltas.length === 0) return this.#state === "finished" ? over : undefined;
    const value = this.#deltas;
    this.#deltas = [];
    if (this.#isPaused) {
      this.#isPaused = false;
      this.#call?.resume();
    }
    return { value, done: false };
  }

  /** Delivers the batch that is waiting, and notes the end of the answer. */
  #settle(): void {
    const last = this.#deltas.at(-1);
    if (last === undefined) return;
    if (last.type === "finish") this.#end("finished");
    const waiter = this.#waiter;
    const part = waiter && this.#part();
    if (!part) return;
    this.#waiter = undefined;
    waiter.resolve(part);
  }

  #fail(failure: unknown): void {
    this.#end("failed");
    this.#failure = failure;
    const waiter = this.#waiter;
    if (!waiter) return;
    this.#waiter = undefined;
    const part = this.#part();
    if (part) waiter.resolve(part);
    else waiter.reject(failure);
  }

  #end(state: "finished" | "failed"): void {
    this.#state = state;
    this.#reader = undefined;
    this.#signal.removeEventListener("abort", this.#onAbort);
  }

  readonly #onAbort = (): void => {
    if (this.#state === "open") this.#abandon(this.#signal.reason);
  };

  #abandon(reason: unknown): void {
    this.#deltas = [];
    this.#fail(reason);
    this.#disconnect();
  }

  /** Runs the decoder, and delivers its deltas. */
  #decode(read: (decoder: WireDecoder, deltas: ModelDelta[]) => void): void {
    const from = this.#deltas.length;
    try {
      read(this.#options.decoder, this.#deltas);
      this.#options.bounds.add(this.#deltas, from);
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#settle();
  }

  #readWhole({ head: { status, headers }, chunks }: WholeResponse): void {
    const { config, url } = this.#options;
    const text = Buffer.concat(chunks)
      .toString("utf8")
      .replace(/^\ufeff/, "");
    const body = status < 300 ? parseJson(text) : undefined;
    if (text.trimStart().startsWith("<")) {
      this.#fail(pageError(config, url.origin, status));
    } else if (isObject(body)) {
      this.#decode((decoder, deltas) => decoder.whole(body, deltas));
    } else if (Array.isArray(body)) {
      // All events in one list, which Google sends if no event stream is requested.
      this.#decode((decoder, deltas) => {
        for (const event of body) decoder.event(JSON.stringify(event), deltas);
        decoder.end(deltas);
      });
    } else {
      const named = Object.fromEntries(headers);
      this.#fail(responseError(config, status, named, text.slice(0, errorBodyLimit)));
    }
  }

  #tooLarge(cause: Error): ModelError {
    const { provider, id } = this.#options.config;
    return new ModelError("LLM_ERROR", `${provider} sent too large an event in the answer of ${id}`, {
      cause,
    });
  }

  #onIdle(): void {
    if (this.#isPaused) {
      this.#timer?.refresh();
      return;
    }
    if (this.#state === "open") this.#fail(timeoutError(this.#options.config));
    this.#disconnect();
  }

  #disconnect(): void {
    clearTimeout(this.#timer);
    this.#call?.abort();
  }
}
