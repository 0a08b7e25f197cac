import { connect, isIP, type LookupFunction, type OnReadOpts, type Socket } from "node:net";
import type { ProxyServer } from "./proxy.ts";
import { Tunnel } from "./tunnel.ts";

/** Waits for a response on a connection. */
export interface Receiver {
  /** The bytes are overwritten as soon as this returns. */
  received(bytes: Buffer, length: number): void;
  /** The connection is closed; by the other side when there is no `error`. */
  lost(error: Error | undefined): void;
}

/** What connections are made to. */
export interface Origin {
  host: string;
  port: number;
  /** Whether to use TLS. */
  secure: boolean;
  /** Resolves the host. Default: the system's resolver. */
  lookup?: LookupFunction;
  /** Through which it is reached by a tunnel, with TLS inside. */
  tunnel?: ProxyServer;
}

const connectTimeoutMs = 5000;

/** Shared by all: each read is used before the next one, and 64 KB a connection would be most of its memory. */
const receiveBuffer = Buffer.allocUnsafeSlow(64 * 1024);

/** The connections that wait for their next request. */
interface Pool {
  readonly origin: Origin;
  /** TLS session of the last connection: the next one resumes it, in half the time. */
  session: Buffer | undefined;
  free: Connection[];
  closed: boolean;
}

const open = (pool: Pool, onread: OnReadOpts): Socket => {
  const { secure, tunnel, ...address } = pool.origin;
  const { host } = address;
  if (!secure) return connect({ ...address, noDelay: true, onread });
  // `onread` is documented here too; only the types do not know it.
  const options = {
    ...address,
    ...(tunnel && { socket: new Tunnel(tunnel, `${isIP(host) === 6 ? `[${host}]` : host}:${address.port}`) }),
    onread,
    ALPNProtocols: ["http/1.1"],
    ...(!isIP(host) && { servername: host }),
    ...(pool.session && { session: pool.session }),
  };
  // Loaded by the first such connection: 2 MB.
  const socket = process.getBuiltinModule("node:tls").connect(options);
  socket.setNoDelay(true);
  socket.on("session", (session) => {
    pool.session = session;
  });
  return socket;
};

/** A connection to an origin, used for one request after the other. */
export class Connection {
  readonly #socket: Socket;
  readonly #pool: Pool;
  /** Runs until it is connected. Not the socket's own timeout, which would stay for good. */
  #connectTimer: NodeJS.Timeout | undefined;
  #receiver: Receiver | undefined;
  #error: Error | undefined;
  /** Until when the other side waits for the next request, on the clock of `performance`. */
  #usableUntil = 0;
  /** Whether it has carried a request before. */
  used = false;

  constructor(pool: Pool) {
    this.#pool = pool;
    this.#socket = open(pool, {
      buffer: receiveBuffer,
      callback: (length) => {
        this.#received(receiveBuffer, length);
        return true;
      },
    });
    // Node knows no `onread` where TLS does not sit on a socket.
    if (pool.origin.tunnel) this.#socket.on("data", (bytes) => this.#received(bytes, bytes.length));
    this.#connectTimer = setTimeout(() => {
      const error = new Error(`No connection within ${connectTimeoutMs} ms`);
      this.#socket.destroy(Object.assign(error, { code: "ETIMEDOUT" }));
    }, connectTimeoutMs);
    this.#socket.once(pool.origin.secure ? "secureConnect" : "connect", () => this.#connected());
    this.#socket.on("error", (error) => {
      this.#error = error;
    });
    this.#socket.on("end", () => this.destroy());
    this.#socket.on("close", () => {
      this.#connected();
      const at = pool.free.indexOf(this);
      if (at >= 0) pool.free.splice(at, 1);
      const receiver = this.#receiver;
      this.#receiver = undefined;
      receiver?.lost(this.#error);
    });
  }

  get usable(): boolean {
    return !this.#socket.destroyed && performance.now() < this.#usableUntil;
  }

  send(message: string | Uint8Array, encoding: "latin1" | "utf8", receiver: Receiver): void {
    this.#receiver = receiver;
    this.#socket.write(message, encoding);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Returns it to the pool once its response is complete. */
  release(keepAliveMs: number): void {
    this.#receiver = undefined;
    this.used = true;
    this.#usableUntil = performance.now() + keepAliveMs;
    // The next request would wait behind the rest of this one, which the other side may never read.
    const isSent = this.#socket.writableLength === 0;
    if (keepAliveMs <= 0 || !isSent || this.#pool.closed || this.#socket.destroyed) this.destroy();
    else {
      this.#socket.resume();
      this.#pool.free.push(this);
    }
  }

  /** Closes it without telling the receiver. */
  abandon(): void {
    this.#receiver = undefined;
    this.destroy();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #received(bytes: Buffer, length: number): void {
    // Nobody asked for these bytes, and the next response must not begin with them.
    if (this.#receiver) this.#receiver.received(bytes, length);
    else this.destroy();
  }

  #connected(): void {
    clearTimeout(this.#connectTimer);
    this.#connectTimer = undefined;
  }
}

/** The connections to one origin. */
export class Connections {
  readonly #pool: Pool;

  constructor(origin: Origin) {
    this.#pool = { origin, session: undefined, free: [], closed: false };
  }

  /** The one used last, so that those beyond the usual need fall out of use; else a new one. */
  take(): Connection {
    for (let free = this.#pool.free.pop(); free; free = this.#pool.free.pop()) {
      if (free.usable) return free;
      free.destroy();
    }
    return this.open();
  }

  open(): Connection {
    return new Connection(this.#pool);
  }

  /** Closes the idle ones that have expired: those used longest ago come first. */
  sweep(): void {
    const { free } = this.#pool;
    for (let oldest = free[0]; oldest && !oldest.usable; oldest = free[0]) {
      free.shift();
      oldest.destroy();
    }
  }

  /** Closes the idle ones now, and each of the others when its response has ended. */
  close(): void {
    this.#pool.closed = true;
    for (const connection of this.#pool.free.splice(0)) connection.destroy();
  }
}
