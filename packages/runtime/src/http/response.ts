import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import type { OpenResponse } from "@muxi/http";

/** What an answer is written to: Node's `ServerResponse`, or a plain one. */
export interface HttpResponse {
  readonly statusCode: number;
  readonly headersSent: boolean;
  /** Whether the answer is complete. */
  readonly writableFinished: boolean;
  /** Bytes that wait for the reader. */
  readonly writableLength: number;
  /** @param name In lower case. */
  setHeader(name: string, value: string | number): unknown;
  /** A header that was set, also once it is sent. */
  getHeader(name: string): unknown;
  writeHead(status: number, headers?: Record<string, string | number>): HttpResponse;
  /** False when the reader is behind: `drain` says when it has caught up. */
  write(text: string): boolean;
  end(body?: string | Uint8Array): unknown;
  /** Breaks the connection. */
  destroy(): unknown;
  /** `close` comes once: when the answer is complete, or its reader gone. */
  on(event: "drain" | "close", listener: () => void): unknown;
}

const headerValue = /^[\t\x20-\x7e\x80-\xff]*$/;
/** Characters that may wait for the end of a tick. */
const mostGathered = 16_384;

let dateLine = "";
let dateUntil = 0;

const date = (): string => {
  const now = Date.now();
  if (now >= dateUntil) {
    dateUntil = now - (now % 1000) + 1000;
    dateLine = `date: ${new Date(now).toUTCString()}\r\n`;
  }
  return dateLine;
};

const flush = (response: PlainHttpResponse): void => response.flush();

/** An answer to a plain request, written to the socket without Node's objects and streams between. */
export class PlainHttpResponse implements HttpResponse, OpenResponse {
  statusCode = 200;
  headersSent = false;
  writableFinished = false;
  readonly #socket: Socket;
  readonly #idleSeconds: number;
  readonly #done: (broken: boolean) => void;
  readonly #headers: Record<string, string | number> = {};
  /** What is sent at the end of this tick in one write. */
  #gathered = "";
  #isOver = false;
  #onDrain: (() => void) | undefined;
  #onClose: readonly (() => void)[] = [];

  /**
   * @param idleSeconds How long the connection waits for a next request.
   * @param done To be called when the answer was written.
   */
  constructor(socket: Socket, idleSeconds: number, done: (broken: boolean) => void) {
    this.#socket = socket;
    this.#idleSeconds = idleSeconds;
    this.#done = done;
  }

  get writableLength(): number {
    return this.#socket.writableLength + this.#gathered.length;
  }

  setHeader(name: string, value: string | number): void {
    if (!headerValue.test(String(value))) throw new TypeError(`The header ${name} cannot be sent`);
    if (!this.headersSent) this.#headers[name] = value;
  }

  getHeader(name: string): string | number | undefined {
    return this.#headers[name];
  }

  writeHead(status: number, headers: Record<string, string | number> = {}): this {
    this.statusCode = status;
    for (const name in headers) this.setHeader(name, headers[name] ?? "");
    return this;
  }

  write(text: string): boolean {
    if (this.#isOver || text === "") return !this.#isOver;
    if (!this.headersSent) {
      this.setHeader("transfer-encoding", "chunked");
      this.#gathered = this.#head();
    }
    if (this.#gathered === "" || !this.headersSent) process.nextTick(flush, this);
    this.headersSent = true;
    this.#gathered += `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
    if (this.#gathered.length > mostGathered) this.flush();
    return !this.#socket.writableNeedDrain;
  }

  end(body: string | Uint8Array = ""): void {
    if (this.#isOver) return;
    if (this.headersSent) {
      if (typeof body === "string" && body !== "") this.write(body);
      this.#gathered += "0\r\n\r\n";
    } else {
      const hasBody = this.statusCode !== 204 && this.statusCode !== 304;
      if (hasBody) this.setHeader("content-length", Buffer.byteLength(body));
      this.#gathered = hasBody && typeof body === "string" ? this.#head() + body : this.#head();
      this.headersSent = true;
    }
    this.flush();
    if (typeof body !== "string") this.#socket.write(body);
    this.writableFinished = true;
    this.#close();
    this.#done(false);
  }

  destroy(): void {
    this.#socket.destroy();
  }

  on(event: "drain" | "close", listener: () => void): void {
    if (event === "drain") this.#onDrain = listener;
    else if (this.#isOver) queueMicrotask(listener);
    else this.#onClose = this.#onClose.concat(listener);
  }

  /** The socket can take more. */
  resume(): void {
    this.#onDrain?.();
  }

  /** The caller is gone. */
  abort(): void {
    this.#close();
  }

  /** Sends what was gathered. */
  flush(): void {
    const text = this.#gathered;
    if (text === "") return;
    this.#gathered = "";
    this.#socket.write(text, "utf8");
  }

  #close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#onDrain = undefined;
    const listeners = this.#onClose;
    this.#onClose = [];
    for (const listener of listeners) listener();
  }

  #head(): string {
    const headers = this.#headers;
    let text = `HTTP/1.1 ${this.statusCode} ${STATUS_CODES[this.statusCode] ?? ""}\r\n`;
    for (const name in headers) text += `${name}: ${headers[name]}\r\n`;
    if (headers.connection === undefined) {
      text += `connection: keep-alive\r\nkeep-alive: timeout=${this.#idleSeconds}\r\n`;
    }
    return `${text}${date()}\r\n`;
  }
}
