import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { BlockList } from "node:net";
import { headers as names, newId } from "@muxi/protocol";
import { isTrusted, peerAddress } from "../auth/index.ts";
import { version } from "../version.ts";

/** Headers that belong to one connection (contract/server-api.md 14.2, D17). */
const hopByHop: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "proxy-authenticate",
  "proxy-authorization",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** Headers of a request that this server answers or sets itself. */
const replaced: ReadonlySet<string> = new Set([
  "host",
  "expect",
  "x-forwarded-for",
  "x-forwarded-proto",
  "x-forwarded-host",
  "x-real-ip",
  "x-formation-id",
  names.server,
  names.requestId,
]);

/** What `Connection: a, b` names is for this connection only, too. */
const namedIn = (connection: string | undefined): readonly string[] =>
  connection === undefined || connection === "keep-alive" || connection === "close"
    ? []
    : connection
        .toLowerCase()
        .split(",")
        .map((name) => name.trim());

const requestIdPattern = /^[\w.:-]{1,128}$/;

/** The id under which client, server and formation know a request: the client's when it is usable, else a new one. */
export const requestIdOf = (request: IncomingMessage): string => {
  const sent = request.headers[names.requestId];
  return typeof sent === "string" && requestIdPattern.test(sent) ? sent : newId("request");
};

export interface ForwardOptions {
  formationId: string;
  requestId: string;
  trustedProxies: BlockList;
}

/**
 * The headers that a formation gets, as a flat list of names and values. `X-Forwarded-For` is appended to, so its
 * last entry is always what this server saw. Protocol and host are believed from a trusted proxy only (D18).
 */
export const forwardedHeaders = (
  request: IncomingMessage,
  { formationId, requestId, trustedProxies }: ForwardOptions,
): string[] => {
  const { headers, rawHeaders, socket } = request;
  const named = namedIn(headers.connection);
  const result: string[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const [name = "", value = ""] = [rawHeaders[i], rawHeaders[i + 1]];
    const lower = name.toLowerCase();
    if (hopByHop.has(lower) || replaced.has(lower) || named.includes(lower)) continue;
    result.push(name, value);
  }
  const peer = peerAddress(request);
  const trusted = isTrusted(peer, trustedProxies);
  const sent = (name: string): string | undefined => {
    const value = headers[name];
    return typeof value === "string" ? value : undefined;
  };
  const chain = sent("x-forwarded-for");
  result.push(
    "X-Forwarded-For",
    chain ? `${chain}, ${peer}` : peer,
    "X-Forwarded-Proto",
    (trusted && sent("x-forwarded-proto")) || ("encrypted" in socket ? "https" : "http"),
    "X-Forwarded-Host",
    (trusted && sent("x-forwarded-host")) || (headers.host ?? ""),
    "X-Formation-ID",
    formationId,
    "X-Muxi-Server",
    version,
    "X-Muxi-Request-ID",
    requestId,
  );
  return result;
};

/** The headers that a client gets. */
export const returnedHeaders = (headers: IncomingHttpHeaders): Record<string, string | string[]> => {
  const named = namedIn(headers.connection);
  const result: Record<string, string | string[]> = {};
  for (const name in headers) {
    const value = headers[name];
    if (value !== undefined && !hopByHop.has(name) && !named.includes(name)) result[name] = value;
  }
  return result;
};

/** `X-Muxi-SDK-Latest` for a client that sent `X-Muxi-SDK: <name>/<version>` (contract/server-api.md 6.1). */
export const latestSdk = (request: IncomingMessage): string | undefined => {
  const sdk = request.headers[names.sdk];
  return typeof sdk === "string" ? /^[a-z]+\/([\w.+-]{1,64})$/.exec(sdk)?.[1] : undefined;
};
