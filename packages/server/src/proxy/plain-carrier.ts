import type { Socket } from "node:net";
import {
  asError,
  type Connections,
  type Framing,
  type Receiver,
  type ResponseHead,
  readResponseHead,
  scanBody,
} from "@muxi/http";
import type { Forwarding, LocalResponse } from "./forwarding.ts";
import { hasHeader } from "./headers.ts";

export interface PlainCarrierOptions {
  forwarding: Forwarding;
  /** The request's body. */
  body: Buffer;
  client: Socket;
  connections: Connections;
  /** The header lines that tell the client whether its connection is kept. */
  connectionLines: () => string;
  /** The response was sent; `broken` means that it is incomplete. */
  onEnd: (broken: boolean) => void;
}

const headLimit = 64 * 1024;
const headEnd = "\r\n\r\n";
/** How long a formation's connection is kept if it does not say so itself. */
const silentMs = 4_000;

/** @param headers Alternating names and values. */
const linesOf = (headers: readonly string[]): string => {
  let text = "";
  for (let i = 0; i + 1 < headers.length; i += 2) text += `${headers[i]}: ${headers[i + 1]}\r\n`;
  return text;
};

const requestText = ({ method, path, port, headers }: Forwarding, body: Buffer): string =>
  `${method} ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n${linesOf(headers)}\r\n${body.toString("latin1")}`;

const headText = (
  status: number,
  reason: string,
  headers: readonly string[],
  connectionLines: string,
): string => {
  const date = hasHeader(headers, "date") ? "" : `date: ${new Date().toUTCString()}\r\n`;
  return `HTTP/1.1 ${status} ${reason}\r\n${linesOf(headers)}${date}${connectionLines}\r\n`;
};

export const writeLocalResponse = (
  client: Socket,
  { status, reason, headers, body }: LocalResponse,
  connectionLines: string,
): void => {
  client.write(headText(status, reason, headers, connectionLines) + body);
};

/**
 * Carries a plain request to a formation and the response back, from socket to socket. Nothing is buffered: each
 * chunk is passed on as it arrives.
 */
export class PlainCarrier implements Receiver {
  readonly #options: PlainCarrierOptions;
  #connection;
  /** The request, until the formation responds. */
  #message: string;
  /** The beginning of a response head that is not yet complete. */
  #held = "";
  #framing: Framing | undefined;
  #keepAliveMs = 0;

  constructor(options: PlainCarrierOptions) {
    this.#options = options;
    this.#message = requestText(options.forwarding, options.body);
    this.#connection = options.connections.take();
    this.#connection.send(this.#message, "latin1", this);
  }

  /** The client can receive more. */
  resume(): void {
    this.#connection.resume();
  }

  /** The client has disconnected. */
  abort(): void {
    this.#connection.abandon();
    this.#options.forwarding.end();
  }

  received(bytes: Buffer, length: number): void {
    try {
      if (this.#framing) this.#pass(this.#framing, bytes, 0, length, "");
      else this.#readHead(bytes, length);
    } catch (error) {
      this.#connection.abandon();
      this.#fail(asError(error));
    }
  }

  lost(error: Error | undefined): void {
    const { forwarding, connections, client } = this.#options;
    if (this.#framing?.kind === "close" && !error) {
      client.write("0\r\n\r\n", "latin1");
      this.#end(false);
    } else if (forwarding.mayRepeat(this.#connection.used)) {
      this.#connection = connections.open();
      this.#held = "";
      this.#connection.send(this.#message, "latin1", this);
    } else this.#fail(error ?? new Error("The formation closed the connection"));
  }

  #fail(error: Error): void {
    const { forwarding, client, connectionLines } = this.#options;
    const response = forwarding.fail(error);
    if (response) writeLocalResponse(client, response, connectionLines());
    this.#end(response === undefined);
  }

  #end(broken: boolean): void {
    this.#options.forwarding.end();
    this.#options.onEnd(broken);
  }

  #readHead(bytes: Buffer, length: number): void {
    let text = this.#held + bytes.toString("latin1", 0, length);
    for (;;) {
      const end = text.indexOf(headEnd);
      if (end < 0) break;
      const response = readResponseHead(text.slice(0, end), silentMs);
      text = text.slice(end + headEnd.length);
      if (response.status === 101) throw new Error("The formation switched the protocol");
      // Interim responses, such as 103, are for this connection only.
      if (response.status < 200) continue;
      this.#message = "";
      this.#held = "";
      this.#framing = response.framing;
      this.#keepAliveMs = response.keepAliveMs;
      this.#pass(response.framing, bytes, length - text.length, length, this.#clientHead(response));
      return;
    }
    if (text.length > headLimit) throw new Error("The head of the formation's response is too long");
    this.#held = text;
  }

  #clientHead({ status, reason, headers, framing }: ResponseHead): string {
    const { forwarding, connectionLines } = this.#options;
    const passed = forwarding.begin(status, headers);
    if (framing.kind !== "length") passed.push("transfer-encoding", "chunked");
    return headText(status, reason, passed, connectionLines());
  }

  /** @param head Sent together with the first chunk of the body. */
  #pass(framing: Framing, bytes: Buffer, from: number, to: number, head: string): void {
    const { client } = this.#options;
    const { end, done, read } = scanBody(framing, bytes, from, to);
    let text = head;
    if (framing.kind === "close") {
      if (end > from) text += `${(end - from).toString(16)}\r\n${bytes.toString("latin1", from, end)}\r\n`;
    } else if (end > from) text += bytes.toString("latin1", from, end);
    if (done && framing.kind === "chunked") text += "\r\n";
    if (text !== "" && !client.write(text, "latin1")) this.#connection.pause();
    if (!done) return;
    // Bytes after the response belong to no request, so the connection cannot be reused.
    this.#connection.release(read === to ? this.#keepAliveMs : 0);
    this.#end(false);
  }
}
