import type { ModelConfig } from "@muxi/formation";
import {
  asError,
  type HttpClient,
  type PendingRequest,
  type ResponseHead,
  type ResponseReader,
} from "@muxi/http";
import type { Model, ModelDelta, ModelRequest } from "../interface/index.ts";
import { cutOffError, ModelError, networkError, responseError, timeoutError } from "../interface/index.ts";
import { createSseReader, EventTooLargeError } from "./sse.ts";

/** Turns the events of one answer into deltas; one is made for each call. */
export interface WireDecoder {
  /** Adds what the `data` of one event means. @throws ModelError */
  event(data: string, deltas: ModelDelta[]): void;
  /** The response ended: adds `finish` when the model had ended too. */
  end(deltas: ModelDelta[]): void;
}

interface ModelStreamOptions {
  http: HttpClient;
  config: ModelConfig;
  url: URL;
  headers: Record<string, string>;
  /** Empty once it is sent. */
  body: string;
  decoder: WireDecoder;
}

const errorBodyLimit = 64 * 1024;
/** Deltas that may wait for the consumer before the socket is no longer read. */
const waitingLimit = 4096;

/** The response is an error and not a stream. */
interface Refusal {
  head: ResponseHead;
  chunks: Buffer[];
  size: number;
}

/** One who waits for the next part. */
interface Waiter {
  resolve: (part: IteratorResult<ModelDelta[]>) => void;
  reject: (reason: unknown) => void;
}

const over: IteratorResult<ModelDelta[]> = { value: undefined, done: true };

/**
 * One request to a provider and its streamed answer: batches of deltas, by what one read of the socket held. It reads
 * the answer itself and is its own iterator: with no stream object between the socket and the deltas, and one promise
 * for a batch of them, a token costs little more than its `JSON.parse`.
 */
class ModelStream implements ResponseReader, AsyncIterableIterator<ModelDelta[]> {
  readonly #options: ModelStreamOptions;
  readonly #signal: AbortSignal;
  readonly #read: (chunk: Buffer) => void;
  #timer: NodeJS.Timeout | undefined;
  #call: PendingRequest | undefined;
  #deltas: ModelDelta[] = [];
  #state: "unsent" | "open" | "finished" | "failed" = "unsent";
  #failure: unknown;
  #isAnswering = false;
  #isPaused = false;
  #waiter: Waiter | undefined;
  #refusal: Refusal | undefined;

  constructor(options: ModelStreamOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
    this.#read = createSseReader((data) => options.decoder.event(data, this.#deltas));
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

  /** The answer is no longer read. A finished one leaves its connection to the next; only the tail is still to come. */
  return(): Promise<IteratorResult<ModelDelta[]>> {
    if (this.#state === "open") this.#abandon(new Error("The answer is no longer read"));
    return Promise.resolve(over);
  }

  head(head: ResponseHead): void {
    this.#timer?.refresh();
    this.#isAnswering = true;
    const isJson = head.headers.some(
      ([name, value]) => name === "content-type" && value.startsWith("application/json"),
    );
    if (head.status >= 300 || isJson) this.#refusal = { head, chunks: [], size: 0 };
  }

  data(chunk: Buffer): void {
    this.#timer?.refresh();
    if (this.#state !== "open") return;
    if (this.#refusal) {
      // The bytes of a chunk are gone when this returns.
      this.#refusal.chunks.push(Buffer.from(chunk));
      this.#refusal.size += chunk.length;
      if (this.#refusal.size > errorBodyLimit) {
        this.#refuse(this.#refusal);
        this.#disconnect();
      }
      return;
    }
    try {
      this.#read(chunk);
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
    if (this.#refusal) {
      this.#refuse(this.#refusal);
      return;
    }
    this.#options.decoder.end(this.#deltas);
    this.#settle();
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

  /** What has come and was not handed out, or the end. */
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

  /** Hands out what has come, and notes the end of the answer. */
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

  #refuse({ head, chunks }: Refusal): void {
    const text = Buffer.concat(chunks).toString("utf8", 0, errorBodyLimit);
    this.#fail(responseError(this.#options.config, head.status, Object.fromEntries(head.headers), text));
  }

  #tooLarge(cause: Error): ModelError {
    const { provider, id } = this.#options.config;
    return new ModelError("LLM_ERROR", `${provider} sent too large an event in the answer of ${id}`, false, {
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

/** What one provider's wire is made of. */
export interface Wire extends Pick<ModelStreamOptions, "config" | "http" | "url" | "headers"> {
  requestBody(config: ModelConfig, request: ModelRequest): string;
  createDecoder(config: ModelConfig): WireDecoder;
}

/** A model behind an API that is asked by one POST and answers with a stream of events. */
export const wireModel = ({ requestBody, createDecoder, headers, ...rest }: Wire): Model => {
  const { config } = rest;
  const allHeaders = { "content-type": "application/json", accept: "text/event-stream", ...headers };
  return {
    id: config.id,
    stream: (request, signal) =>
      new ModelStream(
        {
          ...rest,
          headers: allHeaders,
          body: requestBody(config, request),
          decoder: createDecoder(config),
        },
        signal,
      ),
  };
};
