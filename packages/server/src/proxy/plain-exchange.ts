import type { Socket } from "node:net";
import {
  type Connections,
  type Framing,
  type Receiver,
  type ResponseHead,
  readResponseHead,
  scanBody,
} from "@muxi/http";

export interface PlainExchangeOptions {
  client: Socket;
  connections: Connections;
  /** Head and body for the formation, in Latin-1. */
  message: string;
  /** Whether it may be sent again when its connection turns out to be closed. */
  repeatable: boolean;
  /** Makes the client's head of the formation's. */
  headFor: (answer: ResponseHead) => string;
  /** The formation did not answer; the client has got nothing yet. */
  onFailure: (error: Error) => void;
  /** The answer is complete, or, `broken`, never will be. */
  onEnd: (broken: boolean) => void;
}

const headLimit = 64 * 1024;
const headEnd = "\r\n\r\n";
/** Where a formation does not say how long it waits for the next request. */
const silentMs = 4_000;

/**
 * One plain request on its way to a formation, and the answer on its way back, from socket to socket. Bytes are never
 * held: each is passed on as it comes, in the chunk in which it comes.
 */
export class PlainExchange implements Receiver {
  readonly #options: PlainExchangeOptions;
  #connection;
  /** Until the formation answers. */
  #message: string;
  /** The beginning of a head whose end has not come. */
  #held = "";
  #framing: Framing | undefined;
  #keepAliveMs = 0;

  constructor(options: PlainExchangeOptions) {
    this.#options = options;
    this.#message = options.message;
    this.#connection = options.connections.take();
    this.#connection.send(this.#message, "latin1", this);
  }

  /** The client can take more. */
  resume(): void {
    this.#connection.resume();
  }

  /** The client is gone. */
  abort(): void {
    this.#connection.abandon();
  }

  received(bytes: Buffer, length: number): void {
    try {
      if (this.#framing) this.#pass(this.#framing, bytes, 0, length, "");
      else this.#readHead(bytes, length);
    } catch (error) {
      this.#connection.abandon();
      this.#fail(error instanceof Error ? error : new Error(String(error)));
    }
  }

  lost(error: Error | undefined): void {
    const { repeatable, connections, client, onEnd } = this.#options;
    if (this.#framing?.kind === "close" && !error) {
      client.write("0\r\n\r\n", "latin1");
      onEnd(false);
    } else if (!this.#framing && repeatable && this.#connection.used) {
      this.#connection = connections.open();
      this.#held = "";
      this.#connection.send(this.#message, "latin1", this);
    } else this.#fail(error ?? new Error("The formation closed the connection"));
  }

  /** After the head an error can only show as a broken connection: a clean end would look like a whole answer. */
  #fail(error: Error): void {
    if (this.#framing) this.#options.onEnd(true);
    else this.#options.onFailure(error);
  }

  #readHead(bytes: Buffer, length: number): void {
    let text = this.#held + bytes.toString("latin1", 0, length);
    for (;;) {
      const end = text.indexOf(headEnd);
      if (end < 0) break;
      const answer = readResponseHead(text.slice(0, end), silentMs);
      text = text.slice(end + headEnd.length);
      if (answer.status === 101) throw new Error("The formation changed the protocol");
      // What comes before the answer, such as 103, is for this connection.
      if (answer.status < 200) continue;
      this.#message = "";
      this.#held = "";
      this.#framing = answer.framing;
      this.#keepAliveMs = answer.keepAliveMs;
      this.#pass(answer.framing, bytes, length - text.length, length, this.#options.headFor(answer));
      return;
    }
    if (text.length > headLimit) throw new Error("The head of the formation's answer is too long");
    this.#held = text;
  }

  /** @param head Leaves with the first piece of the body in one write. */
  #pass(framing: Framing, bytes: Buffer, from: number, to: number, head: string): void {
    const { client, onEnd } = this.#options;
    const { end, done, read } = scanBody(framing, bytes, from, to);
    let text = head;
    if (framing.kind === "close") {
      if (end > from) text += `${(end - from).toString(16)}\r\n${bytes.toString("latin1", from, end)}\r\n`;
    } else if (end > from) text += bytes.toString("latin1", from, end);
    if (done && framing.kind === "chunked") text += "\r\n";
    if (text !== "" && !client.write(text, "latin1")) this.#connection.pause();
    if (!done) return;
    // What comes after the answer belongs to no request.
    this.#connection.release(read === to ? this.#keepAliveMs : 0);
    onEnd(false);
  }
}
