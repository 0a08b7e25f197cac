import type { Dispatcher } from "undici";
import { type Body, type Chunk, NodeResponse } from "./response.ts";

/** Bytes of a body that are buffered before reading from the socket is paused. */
const mostHeld = 64 * 1024;

const asError = (reason: unknown): Error =>
  reason instanceof Error ? reason : new Error("The request was aborted", { cause: reason });

/**
 * Receives the response of one request from undici: resolves with it once the headers have arrived, then buffers the
 * body. A small body is complete before it is read, so that it needs no stream.
 */
export class ResponseHandler implements Dispatcher.DispatchHandler, Body {
  readonly #signal: AbortSignal | null | undefined;
  readonly #resolve: (response: Response) => void;
  readonly #reject: (error: unknown) => void;
  readonly #url: string;
  #controller: Dispatcher.DispatchController | undefined;
  #chunks: Buffer<ArrayBuffer>[] = [];
  #held = 0;
  #mostHeld = mostHeld;
  #ended = false;
  #failure: Error | undefined;
  #wake: (() => void) | undefined;

  constructor(
    url: string,
    signal: AbortSignal | null | undefined,
    resolve: (response: Response) => void,
    reject: (error: unknown) => void,
  ) {
    this.#url = url;
    this.#signal = signal;
    this.#resolve = resolve;
    this.#reject = reject;
    if (signal?.aborted) this.#onAbort();
    else signal?.addEventListener("abort", this.#onAbort);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#failure) controller.abort(this.#failure);
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
    statusText = "",
  ): void {
    // Informational responses, such as 100 Continue, precede the final one.
    if (status >= 200) this.#resolve(new NodeResponse(this.#url, status, statusText, headers, this));
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer<ArrayBuffer>): void {
    this.#chunks.push(chunk);
    this.#held += chunk.length;
    if (this.#held > this.#mostHeld) controller.pause();
    this.#wake?.();
  }

  onResponseEnd(): void {
    this.#ended = true;
    this.#settle();
  }

  onResponseError(_controller: Dispatcher.DispatchController | undefined, error: Error): void {
    this.#fail(error);
  }

  read(): Promise<Chunk> {
    if (this.#chunks.length > 0) return Promise.resolve({ done: false, value: this.#take() });
    if (this.#failure) return Promise.reject(this.#failure);
    if (this.#ended) return Promise.resolve({ done: true, value: undefined });
    return this.#change().then(() => this.read());
  }

  async whole(): Promise<Buffer<ArrayBuffer>> {
    this.#mostHeld = Number.POSITIVE_INFINITY;
    this.#resume();
    while (!this.#ended && !this.#failure) await this.#change();
    if (this.#failure) throw this.#failure;
    return this.#take();
  }

  cancel(): void {
    if (!this.#ended) this.#abort(new Error("The body was cancelled"));
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #take(): Buffer<ArrayBuffer> {
    const [first, second] = this.#chunks;
    // Usually there is only one chunk, which needs no copy.
    const chunk =
      first !== undefined && second === undefined ? first : Buffer.concat(this.#chunks, this.#held);
    this.#chunks = [];
    this.#held = 0;
    this.#resume();
    return chunk;
  }

  #resume(): void {
    if (this.#controller?.paused) this.#controller.resume();
  }

  readonly #onAbort = () => this.#abort(asError(this.#signal?.reason));

  #abort(reason: Error): void {
    this.#fail(reason);
    // Absent while the request waits for a connection: then it is aborted when it starts.
    this.#controller?.abort(reason);
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#reject(this.#failure);
    this.#settle();
  }

  #settle(): void {
    this.#signal?.removeEventListener("abort", this.#onAbort);
    this.#wake?.();
  }
}
