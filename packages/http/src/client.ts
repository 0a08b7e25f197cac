import type { LookupFunction } from "node:net";
import { Connections, type Origin } from "./connections.ts";
import { Exchange, type ResponseReader } from "./exchange.ts";
import type { ProxyChoice, ProxyServer } from "./proxy.ts";

export interface OutgoingRequest {
  method: "GET" | "POST";
  url: URL;
  /** Without `Host`, `Content-Length` and those of the connection, which are added. */
  headers: Record<string, string>;
  body: string | Uint8Array;
}

/** A request that is under way. */
export type PendingRequest = Pick<Exchange, "pause" | "resume" | "abort">;

/** Sends requests over keep-alive connections. */
export interface HttpClient {
  /**
   * Sends a request. When the connection turns out to be closed, it is sent once more on a new one.
   *
   * @returns A handle that pauses, resumes or aborts the response.
   * @throws TypeError with the code `ERR_INVALID_CHAR` for a header that cannot be sent
   */
  send(request: OutgoingRequest, reader: ResponseReader): PendingRequest;
  /** Closes the connections: idle ones at once, the others when their response has ended. */
  close(): void;
}

const sweepMs = 10_000;
const headerValue = /^[\t\x20-\x7e\x80-\xff]*$/;

/** @param proxy The one that is asked to pass the request on, by the whole address. */
const headOf = (
  { method, url, headers }: OutgoingRequest,
  length: number,
  proxy: ProxyServer | undefined,
): string => {
  const target = `${proxy ? `http://${url.host}` : ""}${url.pathname}${url.search}`;
  let text = `${method} ${target} HTTP/1.1\r\nhost: ${url.host}\r\n`;
  if (proxy?.authorization !== undefined) text += `proxy-authorization: ${proxy.authorization}\r\n`;
  for (const name in headers) {
    const value = headers[name] ?? "";
    if (!headerValue.test(value)) {
      const error = new TypeError(`The header ${name} holds characters that cannot be sent`);
      throw Object.assign(error, { code: "ERR_INVALID_CHAR" });
    }
    text += `${name}: ${value}\r\n`;
  }
  return `${text}content-length: ${length}\r\nconnection: keep-alive\r\n\r\n`;
};

const messageOf = (request: OutgoingRequest, proxy: ProxyServer | undefined): string | Uint8Array => {
  const { body } = request;
  if (typeof body === "string") return headOf(request, Buffer.byteLength(body), proxy) + body;
  return Buffer.concat([Buffer.from(headOf(request, body.length, proxy), "latin1"), body]);
};

export interface HttpClientOptions {
  /** Resolves the names of hosts that are reached directly. Default: the system's resolver. */
  lookup?: LookupFunction;
  /** Chooses the proxy of a request, which then resolves the host's name. Default: none. */
  proxy?: ProxyChoice | undefined;
}

export const createHttpClient = ({ lookup, proxy: choose }: HttpClientOptions = {}): HttpClient => {
  const origins = new Map<string, Connections>();
  const timer = setInterval(() => {
    for (const connections of origins.values()) connections.sweep();
  }, sweepMs).unref();

  const originOf = ({ protocol, hostname, port }: URL, proxy: ProxyServer | undefined): Origin => {
    const secure = protocol === "https:";
    if (proxy && !secure) return { host: proxy.host, port: proxy.port, secure: proxy.secure };
    return {
      host: hostname.replace(/^\[|\]$/g, ""),
      port: port === "" ? (secure ? 443 : 80) : Number(port),
      secure,
      ...(proxy ? { tunnel: proxy } : lookup && { lookup }),
    };
  };

  const connectionsTo = (url: URL, proxy: ProxyServer | undefined): Connections => {
    let connections = origins.get(url.origin);
    if (!connections) {
      connections = new Connections(originOf(url, proxy));
      origins.set(url.origin, connections);
    }
    return connections;
  };

  return {
    send(request, reader) {
      const proxy = choose?.(request.url);
      const passing = request.url.protocol === "https:" ? undefined : proxy;
      return new Exchange(connectionsTo(request.url, proxy), messageOf(request, passing), reader);
    },
    close() {
      clearInterval(timer);
      for (const connections of origins.values()) connections.close();
    },
  };
};
