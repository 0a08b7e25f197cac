import { asError } from "./as-error.ts";
import type { Connections, Receiver } from "./connections.ts";
import { type Framing, scanBody } from "./framing.ts";
import { type ResponseHead, readResponseHead } from "./response-head.ts";

/** Receives a response. Nothing is called after `end` or `failed`. */
export interface ResponseReader {
  head(head: ResponseHead): void;
  /** The bytes are overwritten as soon as this returns: copy what is to be kept. */
  data(bytes: Buffer): void;
  end(): void;
  failed(error: Error): void;
}

const headLimit = 64 * 1024;
const headEnd = "\r\n\r\n";
/** How long a connection is kept whose other side does not say. */
const defaultKeepAliveMs = 30_000;

/**
 * Index after the head that ends in these bytes; -1 where it goes on. Nothing behind it is decoded: that is the body, and
 * mostly far longer.
 *
 * @param held What came of it before.
 */
const endOfHead = (held: string, bytes: Buffer, from: number, to: number): number => {
  if (held !== "") {
    const found = `${held}${bytes.toString("latin1", from, to)}`.indexOf(headEnd);
    return found < 0 ? -1 : from + found + headEnd.length - held.length;
  }
  // The buffer is longer than what was read into it.
  const end = bytes.indexOf(headEnd, from, "latin1") + headEnd.length;
  return end < headEnd.length || end > to ? -1 : end;
};

/** One request and its response. */
export class Exchange implements Receiver {
  readonly #connections: Connections;
  readonly #reader: ResponseReader;
  #connection;
  /** Head and body, until the first byte of the response arrives. */
  #message: string | Uint8Array | undefined;
  /** The start of a head that has not ended yet. */
  #held = "";
  #framing: Framing | undefined;
  #keepAliveMs = 0;
  #isOver = false;

  /** @param message Head and body. */
  constructor(connections: Connections, message: string | Uint8Array, reader: ResponseReader) {
    this.#connections = connections;
    this.#reader = reader;
    this.#message = message;
    this.#connection = connections.take();
    this.#connection.send(message, "utf8", this);
  }

  pause(): void {
    if (!this.#isOver) this.#connection.pause();
  }

  resume(): void {
    if (!this.#isOver) this.#connection.resume();
  }

  /** Breaks it off; the reader is not called again. */
  abort(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#connection.abandon();
  }

  received(bytes: Buffer, length: number): void {
    this.#message = undefined;
    try {
      if (this.#framing) this.#read(this.#framing, bytes, 0, length);
      else this.#readHead(bytes, length);
    } catch (error) {
      this.abort();
      this.#reader.failed(asError(error));
    }
  }

  lost(error: Error | undefined): void {
    if (this.#framing?.kind === "close" && !error) {
      this.#isOver = true;
      this.#reader.end();
    } else if (this.#message !== undefined && this.#connection.used) {
      // The other side closed the idle connection just before the request reached it.
      this.#connection = this.#connections.open();
      this.#connection.send(this.#message, "utf8", this);
    } else {
      this.#isOver = true;
      this.#reader.failed(error ?? new Error("The other side closed the connection"));
    }
  }

  #readHead(bytes: Buffer, length: number): void {
    let from = 0;
    for (;;) {
      const end = endOfHead(this.#held, bytes, from, length);
      if (end < 0) break;
      const text = this.#held + bytes.toString("latin1", from, end);
      const head = readResponseHead(text.slice(0, -headEnd.length), defaultKeepAliveMs);
      this.#held = "";
      from = end;
      if (head.status === 101) throw new Error("The other side changed the protocol");
      if (head.status < 200) continue;
      this.#framing = head.framing;
      this.#keepAliveMs = head.keepAliveMs;
      this.#reader.head(head);
      if (!this.#isOver) this.#read(head.framing, bytes, from, length);
      return;
    }
    this.#held += bytes.toString("latin1", from, length);
    if (this.#held.length > headLimit) throw new Error("The head of the response is too long");
  }

  #read(framing: Framing, bytes: Buffer, from: number, to: number): void {
    // Content is moved together, so that the reader is called once for each read.
    let filled = from;
    const { done, read } = scanBody(framing, bytes, from, to, (start, end) => {
      if (start > filled) bytes.copyWithin(filled, start, end);
      filled += end - start;
    });
    if (filled > from) this.#reader.data(bytes.subarray(from, filled));
    if (!done || this.#isOver) return;
    this.#isOver = true;
    // Bytes after the response belong to no request.
    this.#connection.release(read === to ? this.#keepAliveMs : 0);
    this.#reader.end();
  }
}
