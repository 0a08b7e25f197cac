import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { headersNamedIn, isHopByHop } from "@muxi/http";
import { headers as names, newId } from "@muxi/protocol";
import { version } from "../base/version.ts";

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

const requestIdPattern = /^[\w.:-]{1,128}$/;

/** The id under which client, server and formation know a request: the client's when it is usable, else a new one. */
export const usableRequestId = (sent: string | undefined): string =>
  sent !== undefined && requestIdPattern.test(sent) ? sent : newId("request");

export const requestIdOf = (request: IncomingMessage): string => {
  const sent = request.headers[names.requestId];
  return usableRequestId(typeof sent === "string" ? sent : undefined);
};

/** Who asks. */
export interface Peer {
  address: string;
  /** Protocol and host are believed from a trusted proxy only. */
  trusted: boolean;
  /** Whether the connection is encrypted. */
  secure: boolean;
}

export const isSecure = (socket: Socket): boolean => "encrypted" in socket;

/** A request's headers, sorted into what is passed on and what this server looks at. */
export interface SortedHeaders {
  /** Names and values in turn, as they were sent. */
  passed: string[];
  /** Those of `seen`, by their names in lower case. Of one that was sent twice, both, with a comma. */
  seen: ReadonlyMap<string, string>;
}

const seen: ReadonlySet<string> = new Set([
  "host",
  "x-forwarded-for",
  "x-forwarded-proto",
  "x-forwarded-host",
  names.requestId,
  names.sdk,
]);

/** @param rawHeaders Names and values in turn. */
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
 * What a formation is told beside what the client sent, as a flat list of names and values. `X-Forwarded-For` is
 * appended to, so its last entry is always what this server saw.
 */
export const forwardedHeaders = (
  sent: ReadonlyMap<string, string>,
  { address, trusted, secure }: Peer,
  formationId: string,
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
    "X-Formation-ID",
    formationId,
    "X-Muxi-Server",
    version,
    "X-Muxi-Request-ID",
    requestId,
  ];
};

/** The headers of a formation's answer that are not for its connection alone. */
export function* withoutHopByHop(
  headers: IncomingHttpHeaders,
): Generator<readonly [name: string, value: string]> {
  const named = headersNamedIn(headers.connection);
  for (const name in headers) {
    const value = headers[name];
    if (value === undefined || isHopByHop(name) || named.includes(name)) continue;
    if (typeof value === "string") yield [name, value];
    else for (const one of value) yield [name, one];
  }
}

/** @param headers Names in lower case and values in turn. */
export const hasHeader = (headers: readonly string[], name: string): boolean => {
  for (let i = 0; i < headers.length; i += 2) if (headers[i] === name) return true;
  return false;
};

/** What this server adds to an answer: names in lower case and values in turn. */
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
