import { headerValueIn } from "./header-value.ts";
import { isHost } from "./host.ts";

/** The head of a request that can end in one place only. */
export interface PlainHead {
  method: string;
  url: string;
  /** Names and values alternately, as they were sent. */
  rawHeaders: string[];
  /** 0 where the request has no body. */
  contentLength: number;
}

const requestLine = /^(GET|POST|PUT|PATCH|DELETE) (\/[\x21\x22\x24-\x7e]*) HTTP\/1\.1$/;
const headerName = /^[!#$%&'*+.^_`|~\w-]+$/;
const headerValue = /^[\t\x20-\x7e]*$/;

/** Headers that change how a message is read, or that are meant for this server. */
const special: ReadonlySet<string> = new Set([
  "transfer-encoding",
  "expect",
  "upgrade",
  "te",
  "trailer",
  "proxy-connection",
  "proxy-authenticate",
  "proxy-authorization",
]);

/**
 * Reads the head of a request as clients commonly write it. Two programs that disagree about where a request ends can
 * be tricked into seeing different requests, so this accepts only what can be read in one way and leaves the rest to
 * Node.
 *
 * @param head Without the empty line at its end.
 * @returns undefined when the request is not plain.
 */
export const readPlainHead = (head: string): PlainHead | undefined => {
  const [first = "", ...lines] = head.split("\r\n");
  const [, method, url] = requestLine.exec(first) ?? [];
  if (method === undefined || url === undefined) return undefined;
  const rawHeaders: string[] = [];
  let hosts = 0;
  let contentLength: number | undefined;
  for (const line of lines) {
    const colon = line.indexOf(":");
    const name = line.slice(0, colon);
    const value = headerValueIn(line, colon);
    if (colon < 1 || !headerName.test(name) || !headerValue.test(value)) return undefined;
    const lower = name.toLowerCase();
    if (special.has(lower)) return undefined;
    if (lower === "host") {
      if (!isHost(value)) return undefined;
      hosts += 1;
    }
    if (lower === "connection" && value.toLowerCase() !== "keep-alive") return undefined;
    else if (lower === "content-length") {
      if (contentLength !== undefined || !/^\d{1,8}$/.test(value)) return undefined;
      contentLength = Number(value);
    }
    rawHeaders.push(name, value);
  }
  return hosts === 1 ? { method, url, rawHeaders, contentLength: contentLength ?? 0 } : undefined;
};
