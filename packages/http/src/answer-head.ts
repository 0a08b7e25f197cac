import type { Framing } from "./framing.ts";
import { headerValueIn } from "./header-value.ts";
import { isHopByHop, namedIn } from "./hop-by-hop.ts";

/** The head of an answer. */
export interface AnswerHead {
  status: number;
  reason: string;
  /** Those that are not for this connection alone, each in lower case with its value. */
  headers: [name: string, value: string][];
  framing: Framing;
  /** Whether the connection can carry another request, and for how long, in milliseconds. */
  keepAliveMs: number;
}

const statusLine = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: ([\t\x20-\x7e\x80-\xff]*))?$/;
const headerName = /^[!#$%&'*+.^_`|~\w-]+$/;
const headerValue = /^[\t\x20-\x7e\x80-\xff]*$/;
/** A request that is on its way when the other side closes the connection is lost. */
const keepAliveMarginMs = 1_000;

const framingOf = (status: number, encoding: string | undefined, length: string | undefined): Framing => {
  if (status < 200 || status === 204 || status === 304) return { kind: "length", left: 0 };
  if (encoding !== undefined) {
    if (encoding.toLowerCase() !== "chunked" || length !== undefined) {
      throw new Error(`The answer has no clear length: ${encoding}, ${length}`);
    }
    return { kind: "chunked", part: "size", left: 0, line: "" };
  }
  if (length === undefined) return { kind: "close" };
  if (!/^\d{1,15}$/.test(length)) throw new Error(`The answer has the length '${length}'`);
  return { kind: "length", left: Number(length) };
};

/**
 * @param head Without the empty line at its end.
 * @param silentMs For how long a connection is kept where the other side does not say it, in milliseconds.
 * @throws Error when it is not HTTP, or does not say clearly where the answer ends.
 */
export const readAnswerHead = (head: string, silentMs: number): AnswerHead => {
  const [first = "", ...lines] = head.split("\r\n");
  const [, minor, status, reason = ""] = statusLine.exec(first) ?? [];
  if (status === undefined) throw new Error(`The answer begins with '${first.slice(0, 80)}'`);
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
      throw new Error(`The answer has the header '${line.slice(0, 80)}'`);
    }
    if (name === "connection") connection = connection === undefined ? value : `${connection}, ${value}`;
    else if (name === "keep-alive") keepAlive = value;
    else if (name === "transfer-encoding")
      encoding = encoding === undefined ? value : `${encoding}, ${value}`;
    else if (name === "content-length" && length !== undefined && length !== value) {
      throw new Error("The answer has two lengths");
    } else if (name === "content-length") length = value;
    if (!isHopByHop(name)) all.push([name, value]);
  }
  const named = namedIn(connection);
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
        : (seconds === undefined ? silentMs : Number(seconds) * 1000) - keepAliveMarginMs,
  };
};
