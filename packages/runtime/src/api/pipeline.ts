import {
  type ApiError,
  type EnvelopeContext,
  errorEnvelope,
  headers,
  type Route,
  type RouteId,
  routes,
  successEnvelope,
} from "@muxi/protocol";
import type { Logger } from "pino";
import type { AuditedCall, AuditTrail } from "../audit/index.ts";
import { compressed, type HttpResponse, readJson } from "../http/index.ts";
import type { Observe } from "../observability/index.ts";
import { asApiError } from "../overlord/index.ts";
import type { Identities } from "../users/index.ts";
import { type Endpoints, Reply, readCall, streamed } from "./endpoint.ts";
import { type ApiKeys, createKeyCheck } from "./keys.ts";
import { createRateLimit } from "./rate-limit.ts";
import { type KeyUsed, type Matched, type Received, withIdOf } from "./received.ts";

export interface PipelineDeps {
  formationId: string;
  keys: ApiKeys;
  endpoints: Endpoints;
  identities: Identities;
  audit: AuditTrail;
  observe: Observe;
  /** Calls per minute that one key may make for one user; undefined for any number. */
  requestsPerMinute: number | undefined;
  /** Largest request body of a route, in bytes. */
  bodyLimit: (id: RouteId) => number;
  now: () => number;
  log: Logger;
}

/** A received request with the values of its path's parameters. */
type Routed = Received & Pick<Matched, "params">;

/** Takes a request from its row of the route table to its response. */
export interface Pipeline {
  /** Checks the key, reads the body, and answers. Failures are answered too. */
  answer(id: RouteId, routed: Routed, response: HttpResponse): Promise<void>;
  /** Does the same for a call inside another request, and resolves with the envelope. */
  call(
    id: RouteId,
    request: Omit<Matched, "keyUsed">,
    response: HttpResponse,
  ): Promise<{ envelope: unknown; failed: boolean }>;
  /**
   * Checks the key alone.
   *
   * @throws ApiError `UNAUTHORIZED`, `FORBIDDEN`
   */
  admit(id: RouteId, routed: Routed): KeyUsed;
  sendError(thrown: unknown, received: Received, response: HttpResponse): void;
}

export const sendText = (response: HttpResponse, status: number, type: string, text: string): void => {
  response.writeHead(status, { "content-type": type, "content-length": Buffer.byteLength(text) }).end(text);
};

const json = "application/json; charset=utf-8";

export const sendJson = (response: HttpResponse, status: number, value: unknown): void =>
  sendText(response, status, json, JSON.stringify(value));

const auditedCall = (row: Route, { id, http, params }: Routed): AuditedCall => ({
  row,
  requestId: id,
  ip: http.remoteAddress,
  params,
});

const asString = (value: unknown): string | null => (typeof value === "string" ? value : null);

/**
 * Sends JSON to whom it is for, compressed where they ask for that. What a page of another site makes its reader's
 * browser ask for cannot be measured by its length (BREACH): keys travel in headers, which such a page does not have.
 */
export const answerJson = async (
  { headers: sent }: Pick<Received, "headers">,
  response: HttpResponse,
  status: number,
  value: unknown,
): Promise<void> => {
  const text = JSON.stringify(value);
  const body = await compressed(text, sent["accept-encoding"]);
  if (body === undefined) return sendText(response, status, json, text);
  const before = response.getHeader("vary");
  response.setHeader("vary", before === undefined ? "accept-encoding" : `${before}, accept-encoding`);
  response
    .writeHead(status, { "content-type": json, "content-encoding": "gzip", "content-length": body.length })
    .end(body);
};

/** Whether the work of a call goes on in the background. */
const isInBackground = (row: Route, data: object): row is Route & Required<Pick<Route, "background">> =>
  row.background !== undefined && "status" in data && data.status === "processing";

/** `Received` (a head) becomes `Matched` (key and body) becomes `Call` (validated), which an endpoint answers. */
export const createPipeline = (deps: PipelineDeps): Pipeline => {
  const { endpoints, identities, audit, bodyLimit, now, log } = deps;
  const checkKey = createKeyCheck(deps.keys);
  const checkRate = createRateLimit(deps.requestsPerMinute, now);

  const contextOf = (
    { id, headers: sent }: Received,
    requestId = id,
    answeredAt = now(),
  ): EnvelopeContext => ({
    requestId,
    idempotencyKey: asString(sent[headers.idempotencyKey]),
    now: answeredAt,
  });

  const errorOf = (thrown: unknown, { id }: Received): ApiError => {
    const error = asApiError(thrown, id);
    // What became of a run is logged where it ends.
    if (error.cause !== undefined && error.requestId === undefined) {
      log.error({ err: error.cause, code: error.code, request_id: id }, "request failed");
    }
    return error;
  };

  const admit = (row: Route, routed: Routed): KeyUsed => {
    try {
      return checkKey(row.key, routed.headers);
    } catch (error) {
      audit.denied(auditedCall(row, routed));
      deps.observe({
        event: "request.denied.auth",
        level: "warn",
        requestId: routed.id,
        data: { path: row.path },
      });
      throw error;
    }
  };

  /** Validates a request and calls its endpoint. Resolves with status and envelope, undefined for a stream. */
  const perform = async <Id extends RouteId>(id: Id, request: Matched, response: HttpResponse) => {
    const row: (typeof routes)[Id] = routes[id];
    const endpoint: Endpoints[Id] = endpoints[id];
    // What needs no key is about no user, and is answered when the database is not.
    const changes = row.key === "none" ? undefined : identities.refresh();
    if (changes) await changes;
    const call = readCall(row, request, response, identities.ownerOf);
    checkRate(request.keyUsed, call.userId);
    const answer = await endpoint(call);
    if (request.keyUsed === "admin" && row.method !== "GET") {
      await audit.changed({ ...auditedCall(row, request), userId: call.userId });
    }
    if (answer === streamed) return undefined;
    const { data, requestId, answeredAt } = answer instanceof Reply ? answer : new Reply(answer, request.id);
    const answered = isInBackground(row, data) ? row.background : row;
    const envelope = successEnvelope(answered, data, contextOf(request, requestId, answeredAt));
    return { status: answered.status, requestId, envelope };
  };

  const sendError: Pipeline["sendError"] = (thrown, received, response) => {
    const error = errorOf(thrown, received);
    if (response.headersSent) return;
    const context = contextOf(received, error.requestId);
    response.setHeader(headers.requestId, context.requestId);
    if (error.retryAfter !== undefined) response.setHeader("retry-after", Math.ceil(error.retryAfter));
    if (error.status === 401) response.setHeader("www-authenticate", `MuxiKey realm="${deps.formationId}"`);
    sendJson(response, error.status, errorEnvelope(error, context));
  };

  const answerMatched = async (id: RouteId, request: Matched, response: HttpResponse): Promise<void> => {
    response.setHeader(headers.requestId, request.id);
    try {
      const answer = await perform(id, request, response);
      if (!answer) return;
      response.setHeader(headers.requestId, answer.requestId);
      await answerJson(request, response, answer.status, answer.envelope);
    } catch (error) {
      sendError(error, request, response);
    }
  };

  return {
    async answer(id, routed, response) {
      const row: Route = routes[id];
      const keyUsed = admit(row, routed);
      if (!row.body && !routed.reshape)
        return answerMatched(id, { ...routed, body: undefined, keyUsed }, response);
      const sent = await readJson(routed.http, bodyLimit(id), row.linesAs);
      const { received, body } = routed.reshape?.(routed, sent) ?? { received: routed, body: sent };
      const { params } = routed;
      await answerMatched(id, { ...withIdOf(body, received), params, body, keyUsed }, response);
    },

    async call(id, request, response) {
      const identified = { ...request, ...withIdOf(request.body, request) };
      try {
        const keyUsed = admit(routes[id], identified);
        const answer = await perform(id, { ...identified, keyUsed }, response);
        return { envelope: answer?.envelope, failed: false };
      } catch (thrown) {
        const error = errorOf(thrown, identified);
        return { envelope: errorEnvelope(error, contextOf(identified, error.requestId)), failed: true };
      }
    },

    admit: (id, routed) => admit(routes[id], routed),
    sendError,
  };
};
