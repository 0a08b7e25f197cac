import type { IncomingHttpHeaders } from "node:http";
import { headers, isObject, newId } from "@muxi/protocol";

import type { HttpRequest } from "../http/index.ts";

/** The key that opened the route. */
export type KeyUsed = "client" | "admin" | "none";

/** Where a request's id comes from: made here, a header (which a proxy may have set), or the caller's body. */
export type IdSource = "minted" | "header" | "body";

/** A request whose head has been read. Nothing has been checked. */
export interface Received {
  /** The caller's own if it is usable (docs/spec/formation-api.md "Request ids"). */
  readonly id: string;
  readonly idSource: IdSource;
  readonly http: HttpRequest;
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<IncomingHttpHeaders>;
  /** On the clock of `performance.now()`. */
  readonly receivedAt: number;
  /** Translates the body of an old client's request, and with it the request. */
  readonly reshape?: (received: Received, body: unknown) => { received: Received; body: unknown };
}

/** A request whose key opened its route; its parts are not validated yet. */
export interface Matched extends Received {
  readonly params: Readonly<Record<string, string>>;
  readonly body: unknown;
  readonly keyUsed: KeyUsed;
}

const usableId = /^[A-Za-z0-9_.:-]{1,200}$/;

const isUsable = (id: unknown): id is string => typeof id === "string" && usableId.test(id);

export const receive = (http: HttpRequest): Received => {
  const { url, method } = http;
  const question = url.indexOf("?");
  const sent = http.headers[headers.requestId];
  const isNamed = isUsable(sent);
  return {
    id: isNamed ? sent : newId("request"),
    idSource: isNamed ? "header" : "minted",
    http,
    method,
    path: question === -1 ? url : url.slice(0, question),
    query: question === -1 ? {} : Object.fromEntries(new URLSearchParams(url.slice(question + 1))),
    headers: http.headers,
    receivedAt: performance.now(),
  };
};

/** An id in the body, where chats have it, takes precedence over one in the header. */
export const withIdOf = (body: unknown, received: Received): Received =>
  isObject(body) && isUsable(body.request_id)
    ? { ...received, id: body.request_id, idSource: "body" }
    : received;
