import { connect, isIP, type Socket } from "node:net";
import { Duplex } from "node:stream";
import type { ProxyServer } from "./proxy.ts";

const headLimit = 16 * 1024;
const headEnd = "\r\n\r\n";

const dial = ({ host, port, secure }: ProxyServer): Socket =>
  secure
    ? process.getBuiltinModule("node:tls").connect({ host, port, ...(!isIP(host) && { servername: host }) })
    : connect({ host, port, noDelay: true });

/** A connection to a host through a proxy (`CONNECT`). What is written before the proxy has agreed waits. */
export class Tunnel extends Duplex {
  readonly #socket: Socket;
  #isOpen = false;
  /** Sends what was written too early. */
  #begin: (() => void) | undefined;

  /** @param target `host:port`, an IPv6 address in brackets. */
  constructor(proxy: ProxyServer, target: string) {
    super();
    const socket = dial(proxy);
    this.#socket = socket;
    let held = "";
    const readHead = (bytes: Buffer) => {
      held += bytes.toString("latin1");
      const end = held.indexOf(headEnd);
      if (end < 0) {
        if (held.length > headLimit) this.destroy(new Error("The proxy's answer is too long"));
        return;
      }
      const [, status = ""] = /^HTTP\/1\.[01] (\d{3})/.exec(held) ?? [];
      if (!status.startsWith("2")) {
        this.destroy(
          new Error(`The proxy ${proxy.host}:${proxy.port} refused the way to ${target} (${status})`),
        );
        return;
      }
      socket.off("data", readHead);
      socket.on("data", (more) => {
        if (!this.push(more)) socket.pause();
      });
      const rest = held.slice(end + headEnd.length);
      if (rest !== "") this.push(Buffer.from(rest, "latin1"));
      this.#isOpen = true;
      this.#begin?.();
    };
    socket.on("data", readHead);
    socket.on("end", () => {
      if (this.#isOpen) this.push(null);
      else this.destroy(new Error(`The proxy ${proxy.host}:${proxy.port} closed the connection`));
    });
    socket.on("error", (error) => this.destroy(error));
    socket.on("close", () => this.destroy());
    const { authorization } = proxy;
    socket.write(
      `CONNECT ${target} HTTP/1.1\r\nhost: ${target}\r\n` +
        `${authorization === undefined ? "" : `proxy-authorization: ${authorization}\r\n`}\r\n`,
      "latin1",
    );
  }

  override _write(bytes: Buffer, _: BufferEncoding, done: (error?: Error | null) => void): void {
    if (this.#isOpen) this.#socket.write(bytes, done);
    else this.#begin = () => this.#socket.write(bytes, done);
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _final(done: () => void): void {
    this.#socket.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }
}
