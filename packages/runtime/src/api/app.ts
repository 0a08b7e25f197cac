import {
  ApiError,
  type EnvelopeContext,
  errorEnvelope,
  headers,
  newId,
  openApi,
  type Route,
  type RouteId,
  routes,
  successEnvelope,
} from "@muxi/protocol";
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import type { Logger } from "pino";
import { type Endpoints, type KeyUsed, readCall, streamed } from "./endpoint.ts";
import { asApiError } from "./failures.ts";
import { type ApiKeys, createKeyCheck } from "./keys.ts";
import { homePage } from "./page.ts";

export interface AppDeps {
  formationId: string;
  version: string;
  keys: ApiKeys;
  endpoints: Endpoints;
  /** Bytes of a request body. */
  bodyLimit: number;
  accessLog: boolean;
  now: () => number;
  log: Logger;
}

declare module "fastify" {
  interface FastifyRequest {
    keyUsed: KeyUsed;
  }
}

const methods = ["GET", "POST", "PUT", "DELETE"] as const;

const usableId = /^[A-Za-z0-9_.:-]{1,200}$/;

/** A caller's own id for a request is kept, so that its logs and ours meet (contract/formation-api.md 2.4). */
const requestIdOf = (sent: unknown): string =>
  typeof sent === "string" && usableId.test(sent) ? sent : newId("request");

/** A request id in the body, which is where chats carry it, is the caller's own just as one in the header. */
const takeRequestId = (request: FastifyRequest, reply: FastifyReply) => {
  const { body } = request;
  if (typeof body !== "object" || body === null || !("request_id" in body)) return;
  if (typeof body.request_id !== "string" || !usableId.test(body.request_id)) return;
  request.id = body.request_id;
  reply.header(headers.requestId, request.id);
};

const asString = (value: unknown): string | null => (typeof value === "string" ? value : null);

/** Builds the HTTP surface of a formation from the route table. */
export const createApp = ({
  formationId,
  version,
  keys,
  endpoints,
  now,
  log,
  ...options
}: AppDeps): FastifyInstance => {
  const app = Fastify({
    bodyLimit: options.bodyLimit,
    genReqId: (raw) => requestIdOf(raw.headers[headers.requestId]),
    routerOptions: { maxParamLength: 500 },
    // Connections that never finish their headers or body; answers may take as long as they need.
    connectionTimeout: 0,
    requestTimeout: 60_000,
    keepAliveTimeout: 72_000,
    forceCloseConnections: "idle",
  });
  const checkKey = createKeyCheck(keys);

  const contextOf = (request: FastifyRequest): EnvelopeContext => ({
    requestId: request.id,
    idempotencyKey: asString(request.headers[headers.idempotencyKey]),
    now: now(),
  });

  const sendError = (error: ApiError, request: FastifyRequest, reply: FastifyReply) => {
    if (error.retryAfter !== undefined) reply.header("retry-after", Math.ceil(error.retryAfter));
    return reply.status(error.status).send(errorEnvelope(error, contextOf(request)));
  };

  app.decorateRequest("keyUsed", "none");

  app.addHook("onRequest", async (request, reply) => {
    reply.header(headers.requestId, request.id);
    const { origin } = request.headers;
    if (origin === undefined) return;
    // Keys travel in headers that a page must know, never in cookies: any origin may ask.
    reply.header("access-control-allow-origin", origin);
    reply.header("access-control-allow-credentials", "true");
    reply.header("access-control-expose-headers", "x-muxi-request-id, retry-after");
    reply.header("vary", "origin");
    if (request.method !== "OPTIONS") return;
    reply.header("access-control-allow-methods", "GET, POST, PUT, PATCH, DELETE, OPTIONS");
    reply.header("access-control-allow-headers", request.headers["access-control-request-headers"] ?? "*");
    reply.header("access-control-max-age", "86400");
    return reply.status(204).send();
  });

  if (options.accessLog) {
    app.addHook("onResponse", async (request, reply) => {
      log.info(
        {
          request_id: request.id,
          method: request.method,
          path: request.url.split("?")[0],
          status: reply.statusCode,
          duration_ms: Math.round(reply.elapsedTime),
        },
        "access",
      );
    });
  }

  const parseJson = app.getDefaultJsonParser("error", "ignore");
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("application/json", { parseAs: "string" }, (request, body: string, done) => {
    if (body === "") done(null, undefined);
    else void parseJson(request, body, done);
  });

  app.setErrorHandler((thrown, request, reply) => {
    const error = asApiError(thrown, request.id);
    if (error.status >= 500 && error.cause !== undefined) {
      log.error({ err: error.cause, code: error.code, request_id: request.id }, "request failed");
    }
    return sendError(error, request, reply);
  });

  app.setNotFoundHandler((request, reply) =>
    sendError(
      new ApiError("RESOURCE_NOT_FOUND", `There is no ${request.method} ${request.url.split("?")[0]}`),
      request,
      reply,
    ),
  );

  const mount = <Id extends RouteId>(id: Id) => {
    const row: (typeof routes)[Id] = routes[id];
    const endpoint: Endpoints[Id] = endpoints[id];
    app.route({
      method: row.method,
      url: `/v1${row.path.replaceAll(/\{(\w+)\}/g, ":$1")}`,
      onRequest: async (request) => {
        request.keyUsed = checkKey(row.key, request.headers);
      },
      handler: async (request, reply) => {
        takeRequestId(request, reply);
        const data = await endpoint(readCall(row, request.keyUsed, request, reply));
        if (data === streamed) return reply;
        return reply.status(row.status).send(successEnvelope(row, data, contextOf(request)));
      },
    });
  };
  for (const id of Object.keys(routes) as RouteId[]) mount(id);

  for (const path of new Set(Object.values<Route>(routes).map((row) => row.path))) {
    const allowed = Object.values<Route>(routes)
      .filter((row) => row.path === path)
      .map(({ method }) => method);
    app.route({
      method: methods.filter((method) => !allowed.includes(method)),
      url: `/v1${path.replaceAll(/\{(\w+)\}/g, ":$1")}`,
      handler: async (request, reply) => {
        reply.header("allow", allowed.join(", "));
        throw new ApiError(
          "METHOD_NOT_ALLOWED",
          `${request.method} is not possible on /v1${path}: use ${allowed.join(" or ")}`,
        );
      },
    });
  }

  // Made when somebody asks: it takes longer than the rest of the start together.
  let description: ReturnType<typeof openApi> | undefined;
  app.get("/openapi.json", async () => {
    description ??= openApi({ title: `MUXI formation ${formationId}`, version });
    return description;
  });
  for (const url of ["/", "/v1"]) {
    app.get(url, async (_, reply) => reply.type("text/html; charset=utf-8").send(homePage(formationId)));
  }
  return app;
};
