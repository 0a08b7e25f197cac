import { connect, type Socket } from "node:net";

export interface HttpRequest {
  method: "GET" | "POST";
  path: string;
  headers?: Record<string, string>;
  /** Sent as JSON. */
  body?: unknown;
}

export interface ResponseListener {
  head?(status: number): void;
  body?(piece: Buffer): void;
  end(): void;
  error(reason: Error): void;
}

interface Exchange {
  listener: ResponseListener;
  timer: NodeJS.Timeout;
  /** How the end of the body is found; `head` until the headers are there. */
  framing: "head" | "chunks" | "length" | "close";
  chunkPart: "size" | "data" | "line end" | "trailer";
  /** Bytes of the body or of the chunk that are still to come. */
  left: number;
  /** Bytes that are not enough yet to go on with. */
  held: Buffer | undefined;
  keepAlive: boolean;
}

const host = "127.0.0.1";
const headEnd = Buffer.from("\r\n\r\n");
const newLine = 10;

const encode = ({ method, path, headers, body }: HttpRequest, port: number): string => {
  const payload = body === undefined ? "" : JSON.stringify(body);
  const lines = [`${method} ${path} HTTP/1.1`, `host: ${host}:${port}`];
  for (const [name, value] of Object.entries(headers ?? {})) lines.push(`${name}: ${value}`);
  if (body !== undefined) {
    lines.push("content-type: application/json", `content-length: ${Buffer.byteLength(payload)}`);
  }
  return `${lines.join("\r\n")}\r\n\r\n${payload}`;
};

const contentLength = /^content-length:\s*(\d+)/im;
const chunked = /^transfer-encoding:\s*chunked/im;
const closing = /^connection:\s*close/im;

/**
 * One keep-alive connection with one request at a time. It is far cheaper than node:http, so that the load takes
 * little of a small machine, and knows just enough of HTTP/1.1: no redirects, compression or TLS.
 */
export class Connection {
  readonly #port: number;
  #socket: Socket | undefined;
  #exchange: Exchange | undefined;

  constructor(port: number) {
    this.#port = port;
  }

  /** Connects unless it is connected. */
  open(): Promise<void> {
    if (this.#socket) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const socket = connect({ host, port: this.#port, noDelay: true });
      this.#socket = socket;
      socket.once("connect", resolve);
      socket.on("error", (error) => {
        reject(error);
        this.#fail(error);
      });
      socket.on("data", (piece) => this.#read(piece));
      socket.on("close", () => {
        this.#socket = undefined;
        if (this.#exchange?.framing === "close") this.#end(this.#exchange);
        else this.#fail(new Error("the connection was closed"));
      });
    });
  }

  send(request: HttpRequest, listener: ResponseListener, timeoutMs: number): void {
    const timer = setTimeout(() => {
      this.#fail(new Error(`no answer within ${timeoutMs} ms`));
      this.close();
    }, timeoutMs);
    this.#exchange = {
      listener,
      timer,
      framing: "head",
      chunkPart: "size",
      left: 0,
      held: undefined,
      keepAlive: true,
    };
    this.#socket?.write(encode(request, this.#port));
  }

  /** Sends a request of whose answer only the status counts. */
  ask(request: HttpRequest, timeoutMs: number): Promise<number> {
    return new Promise((resolve, reject) => {
      let answered = 0;
      const head = (status: number) => {
        answered = status;
      };
      this.send(request, { head, end: () => resolve(answered), error: reject }, timeoutMs);
    });
  }

  close(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
  }

  #fail(reason: Error): void {
    const exchange = this.#exchange;
    if (!exchange) return;
    this.#exchange = undefined;
    clearTimeout(exchange.timer);
    exchange.listener.error(reason);
  }

  #end(exchange: Exchange): void {
    this.#exchange = undefined;
    clearTimeout(exchange.timer);
    if (!exchange.keepAlive) this.close();
    exchange.listener.end();
  }

  #read(piece: Buffer): void {
    const exchange = this.#exchange;
    if (!exchange) return;
    const bytes = exchange.held ? Buffer.concat([exchange.held, piece]) : piece;
    exchange.held = undefined;
    if (exchange.framing !== "head") {
      this.#readBody(exchange, bytes);
      return;
    }
    const end = bytes.indexOf(headEnd);
    if (end < 0) {
      exchange.held = bytes;
      return;
    }
    this.#readHead(exchange, bytes.toString("latin1", 0, end));
    this.#readBody(exchange, bytes.subarray(end + headEnd.length));
  }

  #readHead(exchange: Exchange, head: string): void {
    const status = Number(head.slice(9, 12));
    const length = contentLength.exec(head)?.[1];
    exchange.keepAlive = !closing.test(head);
    if (chunked.test(head)) exchange.framing = "chunks";
    else if (length !== undefined || status === 204 || status === 304) {
      exchange.framing = "length";
      exchange.left = Number(length ?? 0);
    } else exchange.framing = "close";
    exchange.listener.head?.(status);
  }

  #readBody(exchange: Exchange, bytes: Buffer): void {
    if (exchange.framing === "chunks") this.#readChunks(exchange, bytes);
    else if (exchange.framing === "close") exchange.listener.body?.(bytes);
    else {
      exchange.left -= bytes.length;
      if (bytes.length > 0) exchange.listener.body?.(bytes);
      if (exchange.left <= 0) this.#end(exchange);
    }
  }

  #readChunks(exchange: Exchange, bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length && this.#exchange === exchange) {
      if (exchange.chunkPart === "data") {
        const data = bytes.subarray(at, at + exchange.left);
        at += data.length;
        exchange.left -= data.length;
        if (exchange.left === 0) exchange.chunkPart = "line end";
        exchange.listener.body?.(data);
        continue;
      }
      const lineEnd = bytes.indexOf(newLine, at);
      if (lineEnd < 0) {
        exchange.held = bytes.subarray(at);
        return;
      }
      const line = bytes.toString("latin1", at, lineEnd).trim();
      at = lineEnd + 1;
      if (exchange.chunkPart === "size") {
        exchange.left = Number.parseInt(line, 16);
        exchange.chunkPart = exchange.left === 0 ? "trailer" : "data";
      } else if (exchange.chunkPart === "line end") exchange.chunkPart = "size";
      else if (line === "") this.#end(exchange);
    }
  }
}

/** One request on a connection of its own: for what is not measured. Gives the status. */
export const once = async (port: number, request: HttpRequest, timeoutMs = 10_000): Promise<number> => {
  const connection = new Connection(port);
  try {
    await connection.open();
    return await connection.ask(request, timeoutMs);
  } finally {
    connection.close();
  }
};
