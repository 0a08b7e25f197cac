import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import { PassThrough } from "node:stream";
import { asError } from "@muxi/http";
import type { Dispatcher, Pool } from "undici";
import type { Forwarding, LocalResponse } from "./forwarding.ts";
import { withoutHopByHop } from "./headers.ts";

/** Bodies up to this size are read first and sent in one write. Longer ones are streamed. */
const smallBody = 64 * 1024;

/** Error codes that mean that a kept connection had been closed by the formation. */
const staleConnection: ReadonlySet<string> = new Set(["UND_ERR_SOCKET", "ECONNRESET", "EPIPE"]);

/** Whether a request has a body. */
export const hasBody = (request: IncomingMessage): boolean =>
  request.headers["transfer-encoding"] !== undefined || Number(request.headers["content-length"] ?? 0) > 0;

export const writeLocalResponse = (
  response: ServerResponse,
  { status, headers, body }: LocalResponse,
): void => {
  response.writeHead(status, [...headers]).end(body);
};

/**
 * Carries a request from Node's HTTP server to a formation with undici, and the response back. Nothing is buffered:
 * each chunk is passed on as it arrives.
 */
export class UndiciCarrier implements Dispatcher.DispatchHandler {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #pool: Pool;
  readonly #forwarding: Forwarding;
  #body: Buffer | PassThrough | null = null;
  #upstream: Dispatcher.DispatchController | undefined;
  #hasBytes = false;
  #clientGone = false;

  constructor(request: IncomingMessage, response: ServerResponse, pool: Pool, forwarding: Forwarding) {
    this.#request = request;
    this.#response = response;
    this.#pool = pool;
    this.#forwarding = forwarding;
  }

  start(): void {
    this.#response.on("close", () => {
      this.#onClientClose();
      this.#forwarding.end();
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
      // Not the request itself: if the response comes before the end of the upload, undici destroys the body, which
      // would close the connection on which the client waits for the response.
      this.#body = request.pipe(new PassThrough());
      this.#dispatch();
    }
  }

  #dispatch(): void {
    const { method, path, headers } = this.#forwarding;
    try {
      this.#pool.dispatch({ method, path, headers, body: this.#body }, this);
    } catch (error) {
      // undici validates path and headers itself, and throws here.
      this.#fail(asError(error));
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
    const response = this.#response;
    // The unread rest of an upload would precede the next request on this connection.
    if (!this.#request.complete) response.shouldKeepAlive = false;
    response.writeHead(status, statusMessage, this.#forwarding.begin(status, withoutHopByHop(headers)));
    response.on("drain", () => controller.resume());
    // Body that arrived in the same packet is sent together with the head. If there is none, send the head at once.
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
    const wasStale = "code" in error && staleConnection.has(String(error.code));
    // A body that was streamed cannot be sent again.
    const isThere = !(this.#body instanceof PassThrough);
    if (isThere && this.#forwarding.mayRepeat(wasStale)) this.#dispatch();
    else this.#fail(error);
  }

  #fail(error: Error): void {
    const local = this.#forwarding.fail(error);
    if (local) writeLocalResponse(this.#response, local);
    else this.#response.destroy();
  }
}
