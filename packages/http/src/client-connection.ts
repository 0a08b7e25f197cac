import type { Socket } from "node:net";
import { type PlainHead, readPlainHead } from "./request-head.ts";

/** A plain request with its whole body. */
export interface PlainRequest extends PlainHead {
  body: Buffer;
}

/** A response that is still being written. */
export interface OpenResponse {
  /** Called when the client can take more. */
  resume(): void;
  /** Called when the client has disconnected. */
  abort(): void;
}

/** What all connections of a front share. */
export interface FrontContext {
  /**
   * Begins to answer a request.
   *
   * @param done To be called once the response is written; with `broken` when it can never be completed.
   * @returns undefined to decline the request, which then goes to Node's HTTP server.
   */
  serve(request: PlainRequest, client: Socket, done: (broken: boolean) => void): OpenResponse | undefined;
  /** Hands a connection, with the bytes that were not used yet, to Node's HTTP server. */
  handToNode(socket: Socket): void;
  /** The connections that the front still reads itself. */
  connections: Set<ClientConnection>;
  /** Matches the start of the requests that are offered to `serve`; all others go to Node's server unread. */
  starts: RegExp;
  /** How long a connection may be idle between two requests. */
  idleMs: number;
  /** How long to wait for a first request, or for the rest of one, before Node's server takes over. */
  patienceMs: number;
  /** Whether new requests are refused. */
  closing: boolean;
}

/** The largest body that is read as a whole. Longer ones stream through Node's server. */
const bodyLimit = 64 * 1024;
/** Node's own limit. */
const headLimit = 16 * 1024;
const headEnd = "\r\n\r\n";
/** Bytes of a head that `starts` needs to decide. */
const startLength = 16;

/**
 * A client's connection for as long as it carries only plain requests, one after the other. The first thing that is
 * anything else sends it to Node's HTTP server for good, together with everything not answered yet.
 */
export class ClientConnection {
  readonly #socket: Socket;
  readonly #context: FrontContext;
  #response: OpenResponse | undefined;
  /** Bytes of the next request. */
  #held: Buffer | undefined;
  /** When the last request ended, or the connection began. */
  #since = performance.now();
  #served = false;
  /** Whether the response to the last request is written. */
  #isOver = true;

  constructor(socket: Socket, context: FrontContext) {
    this.#socket = socket;
    this.#context = context;

    socket.on("data", this.#onData);
    socket.on("drain", this.#onDrain);
    socket.on("end", this.#onEnd);
    socket.on("error", this.#onError);
    socket.on("close", this.#onClose);
  }

  /**
   * Closes it when it has been idle too long. One that has sent no whole request goes to Node's server and its limits.
   */
  check(now: number): void {
    if (this.#response) return;
    const { idleMs, patienceMs } = this.#context;
    // The client is still reading its last response.
    if (this.#socket.writableLength > 0) this.#since = now;
    const waited = now - this.#since;
    if ((this.#served && !this.#held) || this.#socket.writableEnded) {
      if (waited > idleMs) this.#socket.destroy();
    } else if (waited > patienceMs) this.#handToNode();
  }

  /** Closes it, at once or when its response is complete. A request that has arrived in part is still waited for. */
  close(): void {
    if (this.#response) return;
    if (this.#held) this.#handToNode();
    else this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  readonly #onData = (bytes: Buffer): void => {
    // Nothing can be answered any more.
    if (this.#socket.writableEnded) return;
    if (!this.#held) this.#held = bytes;
    else this.#held = Buffer.concat([this.#held, bytes]);
    if (!this.#response) this.#next();
    // The client sends ahead. What was read is kept, but no more is read.
    else if (this.#held.length > bodyLimit) this.#socket.pause();
  };

  readonly #onDrain = (): void => {
    if (this.#response) this.#response.resume();
    else if (this.#held) this.#readOn();
  };

  readonly #onEnd = (): void => {
    if (this.#response) this.#socket.destroy();
    else this.#socket.end();
  };

  // "close" follows, and does what there is to do.
  readonly #onError = (): void => undefined;

  readonly #onClose = (): void => {
    this.#context.connections.delete(this);
    const response = this.#response;
    this.#response = undefined;
    response?.abort();
  };

  /** Serves what is held, when that is a whole request. */
  #next(): void {
    const bytes = this.#held;
    if (!bytes) return;
    // A client that does not read its responses gets no more of them, and what it sends stays in the socket.
    if (this.#socket.writableNeedDrain) {
      this.#socket.pause();
      return;
    }
    const { starts } = this.#context;
    const end = bytes.subarray(0, headLimit).indexOf(headEnd);
    const start = bytes.toString("latin1", 0, end < 0 ? Math.min(bytes.length, headLimit) : end);
    if (end < 0) {
      const mayBeServed = starts.test(start) || start.length < startLength;
      if (!mayBeServed || bytes.length >= headLimit) this.#handToNode();
      return;
    }
    const head = starts.test(start) ? readPlainHead(start) : undefined;
    const from = end + headEnd.length;
    const to = from + (head?.contentLength ?? 0);
    // More than one request: the client pipelines, and Node's server knows how to keep the responses in order.
    if (!head || head.contentLength > bodyLimit || bytes.length > to) this.#handToNode();
    else if (bytes.length === to) this.#serve({ ...head, body: bytes.subarray(from, to) });
  }

  #serve(request: PlainRequest): void {
    const held = this.#held;
    this.#held = undefined;
    this.#isOver = false;
    const response = this.#context.serve(request, this.#socket, this.#onDone);
    if (!response) {
      this.#held = held;
      this.#handToNode();
      return;
    }
    this.#served = true;
    // The response may have been written at once.
    if (!this.#isOver) this.#response = response;
  }

  readonly #onDone = (broken: boolean): void => {
    this.#response = undefined;
    this.#isOver = true;
    this.#since = performance.now();
    if (broken) this.#socket.destroy();
    else if (this.#context.closing) this.#socket.end();
    else if (this.#held) this.#readOn();
  };

  #readOn(): void {
    this.#socket.resume();
    this.#next();
  }

  #handToNode(): void {
    const socket = this.#socket;
    this.#context.connections.delete(this);
    socket.off("data", this.#onData);
    socket.off("drain", this.#onDrain);
    socket.off("end", this.#onEnd);
    socket.off("error", this.#onError);
    socket.off("close", this.#onClose);
    socket.pause();
    if (this.#held) socket.unshift(this.#held);
    this.#held = undefined;
    this.#context.handToNode(socket);
    socket.resume();
  }
}
