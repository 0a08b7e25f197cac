import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import { PassThrough } from "node:stream";
import type { Dispatcher, Pool } from "undici";
import { corsHeaders } from "../base/cors.ts";
import type { Measurement } from "../metrics/index.ts";
import { clientLeft } from "./front.ts";
import { returnedHeaders } from "./headers.ts";

/** A body up to this size is read first and sent in one write. A longer one streams through. */
const smallBody = 64 * 1024;

const idempotent: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE"]);

/** The ways in which a kept-alive connection that the formation had closed shows itself. */
const staleConnection: ReadonlySet<string> = new Set(["UND_ERR_SOCKET", "ECONNRESET", "EPIPE"]);

export interface ExchangeOptions {
  pool: Pool;
  path: string;
  /** Sent to the formation. */
  headers: string[];
  /** Added to the answer. */
  answerHeaders: Record<string, string>;
  measurement: Measurement;
  /** Answers the client when the formation could not. */
  onFailure: (error: Error) => void;
}

/** Whether anything follows the head. */
export const hasBody = (request: IncomingMessage): boolean =>
  request.headers["transfer-encoding"] !== undefined || Number(request.headers["content-length"] ?? 0) > 0;

/** One request on its way to a formation, and the answer on its way back. Bytes are never held: each is passed on as it comes. */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #options: ExchangeOptions;
  #body: Buffer | PassThrough | null = null;
  #upstream: Dispatcher.DispatchController | undefined;
  #answered = false;
  #hasBytes = false;
  #clientGone = false;
  #broken = false;
  #retried = false;

  constructor(request: IncomingMessage, response: ServerResponse, options: ExchangeOptions) {
    this.#request = request;
    this.#response = response;
    this.#options = options;
  }

  start(): void {
    this.#response.on("close", () => {
      this.#onClientClose();
      const status = this.#response.headersSent ? this.#response.statusCode : clientLeft;
      this.#options.measurement.ended(status, this.#broken || status >= 500);
    });
    const request = this.#request;
    if (!hasBody(request)) {
      this.#dispatch();
    } else if (Number(request.headers["content-length"] ?? Number.POSITIVE_INFINITY) <= smallBody) {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        this.#body = chunks.length === 1 ? (chunks[0] ?? null) : Buffer.concat(chunks);
        this.#dispatch();
      });
    } else {
      // Not the request itself: an answer that comes before the end of the upload makes undici destroy the body,
      // and with it the connection on which the client waits for the answer.
      this.#body = request.pipe(new PassThrough());
      this.#dispatch();
    }
  }

  #dispatch(): void {
    const { method = "GET" } = this.#request;
    const { pool, path, headers } = this.#options;
    try {
      pool.dispatch({ method, path, headers, body: this.#body }, this);
    } catch (error) {
      // undici checks the path and headers itself and throws here.
      this.#options.onFailure(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #onClientClose(): void {
    if (this.#response.writableFinished) return;
    this.#clientGone = true;
    this.#upstream?.abort(new Error("The client left"));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#upstream = controller;
    if (this.#clientGone) controller.abort(new Error("The client left"));
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
    statusMessage?: string,
  ): void {
    if (status < 200) return;
    this.#answered = true;
    const response = this.#response;
    const answer = {
      ...(headers["access-control-allow-origin"] === undefined && corsHeaders),
      ...returnedHeaders(headers),
      ...this.#options.answerHeaders,
    };
    // The rest of an upload that nobody reads would stand before the next request of this connection.
    if (!this.#request.complete) response.shouldKeepAlive = false;
    response.writeHead(status, statusMessage, answer);
    this.#options.measurement.answered(headers["content-type"]?.startsWith("text/event-stream") === true);
    response.on("drain", () => controller.resume());
    // Body that came in the same packet leaves with the head in one write. Without any, the head must not wait.
    process.nextTick(() => {
      if (!this.#hasBytes && !response.writableEnded) response.flushHeaders();
    });
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#hasBytes = true;
    if (!this.#response.write(chunk)) controller.pause();
  }

  onResponseEnd(): void {
    this.#response.end();
    this.#request.resume();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#clientGone) return;
    // After the head an error can only show as a broken connection: a clean end would look like a whole answer.
    if (this.#answered) {
      this.#broken = true;
      this.#response.destroy();
    } else if (this.#mayRetry(error)) this.#dispatch();
    else this.#options.onFailure(error);
  }

  #mayRetry(error: Error): boolean {
    const repeatable =
      !this.#retried &&
      !(this.#body instanceof PassThrough) &&
      idempotent.has(this.#request.method ?? "") &&
      "code" in error &&
      staleConnection.has(String(error.code));
    this.#retried = true;
    return repeatable;
  }
}
