import type { IncomingHttpHeaders } from "node:http";
import { headers, newId } from "@muxi/protocol";
import type { HttpRequest, HttpResponse } from "../http/index.ts";

/** The key that opened the route. */
export type KeyUsed = "client" | "admin" | "none";

/** A request as far as it has been read. */
export interface Request {
  /** The caller's own where it sent a usable one (contract/formation-api.md 2.4). */
  id: string;
  /** Whether the id was sent, by the caller or by a proxy that names each request. */
  isNamed: boolean;
  /** Whether the caller chose the id, in the body. */
  isChosen: boolean;
  readonly incoming: HttpRequest;
  method: string;
  /** Without the query. */
  path: string;
  readonly query: Record<string, string>;
  readonly headers: IncomingHttpHeaders;
  /** On the clock of `performance.now()`. */
  readonly receivedAt: number;
  params: Record<string, string>;
  body: unknown;
  /** Makes of an old client's body the one that is meant. */
  reshape: ((body: unknown) => unknown) | undefined;
  keyUsed: KeyUsed;
  /** Unix milliseconds of the answer, where a repeated call gets that of the first. */
  answeredAt?: number;
}

const usableId = /^[A-Za-z0-9_.:-]{1,200}$/;

const isUsable = (id: unknown): id is string => typeof id === "string" && usableId.test(id);

export const openRequest = (incoming: HttpRequest): Request => {
  const { url, method } = incoming;
  const question = url.indexOf("?");
  const sent = incoming.headers[headers.requestId];
  const isNamed = isUsable(sent);
  return {
    id: isNamed ? sent : newId("request"),
    isNamed,
    isChosen: false,
    incoming,
    method,
    path: question === -1 ? url : url.slice(0, question),
    query: question === -1 ? {} : Object.fromEntries(new URLSearchParams(url.slice(question + 1))),
    headers: incoming.headers,
    receivedAt: performance.now(),
    params: {},
    body: undefined,
    reshape: undefined,
    keyUsed: "none",
  };
};

/** A request id in the body, which is where chats carry it, is the caller's own just as one in the header. */
export const takeRequestId = (request: Request, response: HttpResponse): void => {
  const { body } = request;
  if (typeof body !== "object" || body === null || !("request_id" in body) || !isUsable(body.request_id))
    return;
  request.id = body.request_id;
  request.isNamed = true;
  request.isChosen = true;
  response.setHeader(headers.requestId, request.id);
};
