import type { Framing } from "./framing.ts";
import { headerValueIn } from "./header-value.ts";
import { headersNamedIn, isHopByHop } from "./hop-by-hop.ts";

/** The head of a response. */
export interface ResponseHead {
  status: number;
  reason: string;
  /** All but those that belong to one connection; names in lower case. */
  headers: [name: string, value: string][];
  framing: Framing;
  /** How long the connection can be kept for another request, in milliseconds; 0 when it cannot. */
  keepAliveMs: number;
}

const statusLine = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: ([\t\x20-\x7e\x80-\xff]*))?$/;
const headerName = /^[!#$%&'*+.^_`|~\w-]+$/;
const headerValue = /^[\t\x20-\x7e\x80-\xff]*$/;
/** Connections are given up a little early: a request that is on its way when the other side closes is lost. */
const keepAliveMarginMs = 1_000;

const framingOf = (status: number, encoding: string | undefined, length: string | undefined): Framing => {
  if (status < 200 || status === 204 || status === 304) return { kind: "length", left: 0 };
  if (encoding !== undefined) {
    if (encoding.toLowerCase() !== "chunked" || length !== undefined) {
      throw new Error(`The response has no clear length: ${encoding}, ${length}`);
    }
    return { kind: "chunked", part: "size", left: 0, line: "" };
  }
  if (length === undefined) return { kind: "close" };
  if (!/^\d{1,15}$/.test(length)) throw new Error(`The response has the length '${length}'`);
  return { kind: "length", left: Number(length) };
};

/**
 * Reads the head of a response.
 *
 * @param head Without the empty line at its end.
 * @param defaultKeepAliveMs How long to keep a connection whose other side does not say, in milliseconds.
 * @throws Error when it is not HTTP/1.x, or where the body ends is not clear
 */
export const readResponseHead = (head: string, defaultKeepAliveMs: number): ResponseHead => {
  const [first = "", ...lines] = head.split("\r\n");
  const [, minor, status, reason = ""] = statusLine.exec(first) ?? [];
  if (status === undefined) throw new Error(`The response begins with '${first.slice(0, 80)}'`);
  const all: [name: string, value: string][] = [];
  let connection: string | undefined;
  let keepAlive: string | undefined;
  let encoding: string | undefined;
  let length: string | undefined;
  for (const line of lines) {
    const colon = line.indexOf(":");
    const name = line.slice(0, colon).toLowerCase();
    const value = headerValueIn(line, colon);
    if (colon < 1 || !headerName.test(name) || !headerValue.test(value)) {
      throw new Error(`The response has the header '${line.slice(0, 80)}'`);
    }
    if (name === "connection") connection = connection === undefined ? value : `${connection}, ${value}`;
    else if (name === "keep-alive") keepAlive = value;
    else if (name === "transfer-encoding")
      encoding = encoding === undefined ? value : `${encoding}, ${value}`;
    else if (name === "content-length" && length !== undefined && length !== value) {
      throw new Error("The response has two lengths");
    } else if (name === "content-length") length = value;
    if (!isHopByHop(name)) all.push([name, value]);
  }
  const named = headersNamedIn(connection);
  const framing = framingOf(Number(status), encoding, length);
  const seconds = /\btimeout=(\d{1,6})\b/.exec(keepAlive ?? "")?.[1];
  const closes = minor === "0" || (connection !== undefined && /\bclose\b/i.test(connection));
  return {
    status: Number(status),
    reason,
    headers: named.length === 0 ? all : all.filter(([name]) => !named.includes(name)),
    framing,
    keepAliveMs:
      closes || framing.kind === "close"
        ? 0
        : (seconds === undefined ? defaultKeepAliveMs : Number(seconds) * 1000) - keepAliveMarginMs,
  };
};
