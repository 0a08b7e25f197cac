import type { LookupFunction } from "node:net";
import { Connections } from "./connections.ts";
import { Exchange, type ResponseReader } from "./exchange.ts";

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

const headOf = ({ method, url, headers }: OutgoingRequest, length: number): string => {
  let text = `${method} ${url.pathname}${url.search} HTTP/1.1\r\nhost: ${url.host}\r\n`;
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

const messageOf = (request: OutgoingRequest): string | Uint8Array => {
  const { body } = request;
  if (typeof body === "string") return headOf(request, Buffer.byteLength(body)) + body;
  return Buffer.concat([Buffer.from(headOf(request, body.length), "latin1"), body]);
};

/** @param lookup Resolves host names. Default: the system's resolver. */
export const createHttpClient = ({ lookup }: { lookup?: LookupFunction } = {}): HttpClient => {
  const origins = new Map<string, Connections>();
  const timer = setInterval(() => {
    for (const connections of origins.values()) connections.sweep();
  }, sweepMs).unref();

  const connectionsTo = ({ origin, protocol, hostname, port }: URL): Connections => {
    let connections = origins.get(origin);
    if (!connections) {
      const secure = protocol === "https:";
      connections = new Connections({
        host: hostname.replace(/^\[|\]$/g, ""),
        port: port === "" ? (secure ? 443 : 80) : Number(port),
        secure,
        ...(lookup && { lookup }),
      });
      origins.set(origin, connections);
    }
    return connections;
  };

  return {
    send: (request, reader) => new Exchange(connectionsTo(request.url), messageOf(request), reader),
    close() {
      clearInterval(timer);
      for (const connections of origins.values()) connections.close();
    },
  };
};
