import { type AnswerHead, readAnswerHead } from "./answer-head.ts";
import type { Connections, Receiver } from "./connections.ts";
import { type Framing, follow } from "./framing.ts";

/** One who reads an answer. After `end` or `failed` nothing comes. */
export interface AnswerReader {
  head(answer: AnswerHead): void;
  /** The bytes are only there until this returns. */
  data(bytes: Buffer): void;
  end(): void;
  failed(error: Error): void;
}

const headLimit = 64 * 1024;
const headEnd = "\r\n\r\n";
/** How long a connection is kept where the other side does not say it. */
const silentMs = 30_000;

/** A request to be asked for an answer that is read here, and its way back. */
export class Exchange implements Receiver {
  readonly #connections: Connections;
  readonly #reader: AnswerReader;
  #connection;
  /** Until something comes. */
  #message: string | Uint8Array | undefined;
  /** The beginning of a head whose end has not come. */
  #held = "";
  #framing: Framing | undefined;
  #keepAliveMs = 0;
  #isOver = false;

  /** @param message Head and body. */
  constructor(connections: Connections, message: string | Uint8Array, reader: AnswerReader) {
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

  /** Breaks it off; the reader hears no more. */
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
      this.#reader.failed(error instanceof Error ? error : new Error(String(error)));
    }
  }

  lost(error: Error | undefined): void {
    if (this.#framing?.kind === "close" && !error) {
      this.#isOver = true;
      this.#reader.end();
    } else if (this.#message !== undefined && this.#connection.used) {
      // It was closed while the request was on its way, unread.
      this.#connection = this.#connections.open();
      this.#connection.send(this.#message, "utf8", this);
    } else {
      this.#isOver = true;
      this.#reader.failed(error ?? new Error("The other side closed the connection"));
    }
  }

  #readHead(bytes: Buffer, length: number): void {
    let text = this.#held + bytes.toString("latin1", 0, length);
    for (let end = text.indexOf(headEnd); end >= 0; end = text.indexOf(headEnd)) {
      const answer = readAnswerHead(text.slice(0, end), silentMs);
      text = text.slice(end + headEnd.length);
      if (answer.status === 101) throw new Error("The other side changed the protocol");
      if (answer.status < 200) continue;
      this.#held = "";
      this.#framing = answer.framing;
      this.#keepAliveMs = answer.keepAliveMs;
      this.#reader.head(answer);
      if (!this.#isOver) this.#read(answer.framing, bytes, length - text.length, length);
      return;
    }
    if (text.length > headLimit) throw new Error("The head of the answer is too long");
    this.#held = text;
  }

  #read(framing: Framing, bytes: Buffer, from: number, to: number): void {
    // What is content moves together, so that the reader gets one piece of each read.
    let filled = from;
    const { done, read } = follow(framing, bytes, from, to, (start, end) => {
      if (start > filled) bytes.copyWithin(filled, start, end);
      filled += end - start;
    });
    if (filled > from) this.#reader.data(bytes.subarray(from, filled));
    if (!done || this.#isOver) return;
    this.#isOver = true;
    // What comes after the answer belongs to no request.
    this.#connection.release(read === to ? this.#keepAliveMs : 0);
    this.#reader.end();
  }
}
