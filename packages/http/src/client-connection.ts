import type { Socket } from "node:net";
import { type PlainHead, readPlainHead } from "./request-head.ts";

/** A plain request, complete. */
export interface PlainRequest extends PlainHead {
  body: Buffer;
}

/** What is under way for a client. */
export interface Work {
  /** The client can take more. */
  resume(): void;
  /** The client is gone. */
  abort(): void;
}

/** What the connections of a front share. */
export interface FrontContext {
  /**
   * Begins to answer a request.
   *
   * @param done To be called when the answer was written; `broken`, when it will never be complete.
   * @returns undefined when it is not to be served so: nothing was done then.
   */
  serve(request: PlainRequest, client: Socket, done: (broken: boolean) => void): Work | undefined;
  /** Leaves a connection and what it has sent to Node's HTTP server. */
  leave(socket: Socket): void;
  /** Those that are still the front's. */
  connections: Set<ClientConnection>;
  /** How requests begin that `serve` is asked for; nothing else is looked at any further. */
  starts: RegExp;
  /** How long a connection may be silent between two requests. */
  idleMs: number;
  /** How long a first or half request is waited for here. */
  patienceMs: number;
  /** No further request is taken. */
  closing: boolean;
}

/** A request up to this size is read first and sent in one write. A longer one streams through Node's server. */
const bodyLimit = 64 * 1024;
/** Node's own limit. */
const headLimit = 16 * 1024;
const headEnd = "\r\n\r\n";
/** What has come of a head when `starts` can tell. */
const telling = 16;

/**
 * A client's connection as long as all that comes on it are plain requests, one after the other. At the
 * first thing that is anything else it goes over to Node's HTTP server, with all that was not answered, for good.
 */
export class ClientConnection {
  readonly #socket: Socket;
  readonly #context: FrontContext;
  #work: Work | undefined;
  /** What came of the next request. */
  #held: Buffer | undefined;
  /** The end of the last request, or the beginning of all. */
  #since = performance.now();
  #served = false;
  /** Whether the answer to the last request was written. */
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

  /** Looks whether it waits for too long: a first request is left to Node's server, which has its own limits. */
  check(now: number): void {
    if (this.#work) return;
    const { idleMs, patienceMs } = this.#context;
    // It still reads its last answer.
    if (this.#socket.writableLength > 0) this.#since = now;
    const waited = now - this.#since;
    if ((this.#served && !this.#held) || this.#socket.writableEnded) {
      if (waited > idleMs) this.#socket.destroy();
    } else if (waited > patienceMs) this.#leave();
  }

  /** Ends it, at once or when its answer is complete. What is half there is still waited for. */
  close(): void {
    if (this.#work) return;
    if (this.#held) this.#leave();
    else this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  readonly #onData = (piece: Buffer): void => {
    // The caller could never hear of what is done for it now.
    if (this.#socket.writableEnded) return;
    if (!this.#held) this.#held = piece;
    else this.#held = Buffer.concat([this.#held, piece]);
    if (!this.#work) this.#next();
    // The client is ahead of us. What is read is not lost, but no more is read.
    else if (this.#held.length > bodyLimit) this.#socket.pause();
  };

  readonly #onDrain = (): void => {
    if (this.#work) this.#work.resume();
    else if (this.#held) this.#readOn();
  };

  readonly #onEnd = (): void => {
    if (this.#work) this.#socket.destroy();
    else this.#socket.end();
  };

  // The end of the connection says all: it follows.
  readonly #onError = (): void => undefined;

  readonly #onClose = (): void => {
    this.#context.connections.delete(this);
    const work = this.#work;
    this.#work = undefined;
    work?.abort();
  };

  /** Serves what is held, when that is a whole request. */
  #next(): void {
    const bytes = this.#held;
    if (!bytes) return;
    // One who does not read its answers gets no more of them, and what it sends waits where it is.
    if (this.#socket.writableNeedDrain) {
      this.#socket.pause();
      return;
    }
    const { starts } = this.#context;
    const end = bytes.subarray(0, headLimit).indexOf(headEnd);
    const start = bytes.toString("latin1", 0, end < 0 ? Math.min(bytes.length, headLimit) : end);
    if (end < 0) {
      const mayBeServed = starts.test(start) || start.length < telling;
      if (!mayBeServed || bytes.length >= headLimit) this.#leave();
      return;
    }
    const head = starts.test(start) ? readPlainHead(start) : undefined;
    const from = end + headEnd.length;
    const to = from + (head?.contentLength ?? 0);
    // More than the request: the client does not wait for answers, and Node's server knows how to keep their order.
    if (!head || head.contentLength > bodyLimit || bytes.length > to) this.#leave();
    else if (bytes.length === to) this.#serve({ ...head, body: bytes.subarray(from, to) });
  }

  #serve(request: PlainRequest): void {
    const held = this.#held;
    this.#held = undefined;
    this.#isOver = false;
    const work = this.#context.serve(request, this.#socket, this.#onDone);
    if (!work) {
      this.#held = held;
      this.#leave();
      return;
    }
    this.#served = true;
    // The answer may have been written at once.
    if (!this.#isOver) this.#work = work;
  }

  readonly #onDone = (broken: boolean): void => {
    this.#work = undefined;
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

  #leave(): void {
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
    this.#context.leave(socket);
    socket.resume();
  }
}
