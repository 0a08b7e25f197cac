import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { headersNamedIn, isHopByHop } from "@muxi/http";
import { headers as names, newId } from "@muxi/protocol";
import { version } from "../base/version.ts";
import type { ProxyTarget } from "./target.ts";

/** Request headers that this server handles or sets itself. */
const replaced: ReadonlySet<string> = new Set([
  "host",
  "expect",
  "x-forwarded-for",
  "x-forwarded-proto",
  "x-forwarded-host",
  "x-forwarded-prefix",
  "x-real-ip",
  names.formationId,
  names.server,
  names.requestId,
]);

const requestIdPattern = /^[\w.:-]{1,128}$/;

/** A request's id for client, server and formation: the client's if it is valid, otherwise a new one. */
export const usableRequestId = (sent: string | undefined): string =>
  sent !== undefined && requestIdPattern.test(sent) ? sent : newId("request");

export const requestIdOf = (request: IncomingMessage): string => {
  const sent = request.headers[names.requestId];
  return usableRequestId(typeof sent === "string" ? sent : undefined);
};

/** The other end of a client's connection. */
export interface Peer {
  address: string;
  /** Whether its `X-Forwarded-Proto` and `X-Forwarded-Host` are trusted. */
  trusted: boolean;
  /** Whether the connection is encrypted. */
  secure: boolean;
}

export const isSecure = (socket: Socket): boolean => "encrypted" in socket;

/** A request's headers: those that are passed on, and those that this server uses itself. */
export interface SortedHeaders {
  /** Alternating names and values, as they were sent. */
  passed: string[];
  /** By name in lower case. Values of repeated headers are joined with commas. */
  seen: ReadonlyMap<string, string>;
}

const seen: ReadonlySet<string> = new Set([
  "host",
  "x-forwarded-for",
  "x-forwarded-proto",
  "x-forwarded-host",
  "x-forwarded-prefix",
  "origin",
  "access-control-request-method",
  "access-control-request-headers",
  names.requestId,
  names.sdk,
]);

/** @param rawHeaders Alternating names and values. */
export const sortHeaders = (rawHeaders: readonly string[], connection: string | undefined): SortedHeaders => {
  const named = headersNamedIn(connection);
  const passed: string[] = [];
  const found = new Map<string, string>();
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const [name = "", value = ""] = [rawHeaders[i], rawHeaders[i + 1]];
    const lower = name.toLowerCase();
    if (seen.has(lower)) {
      const before = found.get(lower);
      found.set(lower, before === undefined ? value : `${before}, ${value}`);
    }
    if (!isHopByHop(lower) && !replaced.has(lower) && !named.includes(lower)) passed.push(name, value);
  }
  return { passed, seen: found };
};

/**
 * The headers that a formation gets in addition to the client's: alternating names and values. This server appends to
 * `X-Forwarded-For`, so the last entry is always the peer that it saw itself, and to the `X-Forwarded-Prefix` of a peer
 * that it trusts.
 */
export const forwardedHeaders = (
  sent: ReadonlyMap<string, string>,
  { address, trusted, secure }: Peer,
  { kind, formationId }: Pick<ProxyTarget, "kind" | "formationId">,
  requestId: string,
): string[] => {
  const chain = sent.get("x-forwarded-for");
  return [
    "X-Forwarded-For",
    chain ? `${chain}, ${address}` : address,
    "X-Forwarded-Proto",
    (trusted && sent.get("x-forwarded-proto")) || (secure ? "https" : "http"),
    "X-Forwarded-Host",
    (trusted && sent.get("x-forwarded-host")) || (sent.get("host") ?? ""),
    "X-Forwarded-Prefix",
    `${(trusted && sent.get("x-forwarded-prefix")) || ""}/${kind}/${formationId}`,
    "X-Formation-ID",
    formationId,
    "X-Muxi-Server",
    version,
    "X-Muxi-Request-ID",
    requestId,
  ];
};

/** The headers of a formation's response without hop-by-hop headers. */
export const withoutHopByHop = (headers: IncomingHttpHeaders): [name: string, value: string][] => {
  const named = headersNamedIn(headers.connection);
  const passed: [name: string, value: string][] = [];
  for (const name in headers) {
    const value = headers[name];
    if (value === undefined || isHopByHop(name) || named.includes(name)) continue;
    if (typeof value === "string") passed.push([name, value]);
    else for (const one of value) passed.push([name, one]);
  }
  return passed;
};

/** @param headers Alternating names in lower case and values. */
export const hasHeader = (headers: readonly string[], name: string): boolean => {
  for (let i = 0; i < headers.length; i += 2) if (headers[i] === name) return true;
  return false;
};

/** The headers that this server adds to a response: alternating names in lower case and values. */
export const ownHeaders = (requestId: string, sdk: string | undefined): readonly string[] => {
  const latest = latestSdk(sdk);
  return [names.requestId, requestId, ...(latest === undefined ? [] : [names.sdkLatest, latest])];
};

/**
 * `X-Muxi-SDK-Latest` for a client that sent `X-Muxi-SDK: <name>/<version>` (docs/spec/server-api.md
 * "Answers through the proxy").
 */
const latestSdk = (sdk: string | undefined): string | undefined =>
  sdk === undefined ? undefined : /^[a-z]+\/([\w.+-]{1,64})$/.exec(sdk)?.[1];
