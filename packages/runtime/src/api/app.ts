import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { putFrontBefore } from "@muxi/http";
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
import type { Logger } from "pino";
import type { AuditedCall, AuditTrail } from "../audit/index.ts";
import {
  answerUnreadable,
  createRouter,
  type HttpRequest,
  type HttpResponse,
  nodeRequest,
  PlainHttpResponse,
  plainRequest,
  readJson,
} from "../http/index.ts";
import type { Observe } from "../observability/index.ts";
import type { HealthCheck } from "../store/index.ts";
import type { Identities } from "../users/index.ts";
import { readAsMeant, redirectOldCall } from "./aliases.ts";
import { allowOrigins } from "./cors.ts";
import { type Endpoints, readCall, streamed } from "./endpoint.ts";
import { asApiError } from "./failures.ts";
import { type ApiKeys, createKeyCheck } from "./keys.ts";
import { createMcpServer } from "./mcp.ts";
import { docsPage, homePage } from "./page.ts";
import { createRateLimit } from "./rate-limit.ts";
import { openRequest, type Request, takeRequestId } from "./received.ts";

export interface AppDeps {
  formationId: string;
  version: string;
  keys: ApiKeys;
  endpoints: Endpoints;
  isHealthy: HealthCheck;
  identities: Identities;
  audit: AuditTrail;
  observe: Observe;
  /** Calls that one key may make for one user; undefined for any number. */
  requestsPerMinute: number | undefined;
  /** Bytes of a request body, by route. */
  bodyLimit: (id: RouteId) => number;
  accessLog: boolean;
  now: () => number;
  log: Logger;
}

/** The HTTP surface of a formation. */
export interface App {
  /** Gives the port, which is a free one for port 0. */
  listen(host: string, port: number): Promise<number>;
  /** Takes no more connections, and ends each with the answer that it waits for. */
  refuse(): void;
  /** Waits for the answers, and cuts the streams that go on. */
  close(): Promise<void>;
}

/** For a request to come whole, in milliseconds; answers may take as long as they need. */
const requestTimeout = 60_000;
/** How long a connection waits for its next request. */
const idleSeconds = 72;
/** Time for the last pieces of answers to reach their callers, in milliseconds. */
const lastWords = 1_000;

type Handler = (request: Request, response: HttpResponse) => Promise<void>;

const sendText = (response: HttpResponse, status: number, type: string, text: string): void => {
  response.writeHead(status, { "content-type": type, "content-length": Buffer.byteLength(text) }).end(text);
};

const sendJson = (response: HttpResponse, status: number, value: unknown): void =>
  sendText(response, status, "application/json; charset=utf-8", JSON.stringify(value));

const auditedCall = (row: Route, { id, incoming, params }: Request): AuditedCall => ({
  row,
  requestId: id,
  ip: incoming.remoteAddress,
  params,
});

const asString = (value: unknown): string | null => (typeof value === "string" ? value : null);

/** Whether the work of a call was only taken on. */
const isInBackground = (row: Route, data: object): row is Route & Required<Pick<Route, "background">> =>
  row.background !== undefined && "status" in data && data.status === "processing";

/** Builds the HTTP surface of a formation from the route table. */
export const createApp = ({
  formationId,
  version,
  keys,
  endpoints,
  isHealthy,
  identities,
  audit,
  observe,
  requestsPerMinute,
  bodyLimit,
  accessLog,
  now,
  log,
}: AppDeps): App => {
  const checkKey = createKeyCheck(keys);
  const checkRate = createRateLimit(requestsPerMinute, now);
  const router = createRouter<Handler>();

  const contextOf = (request: Request): EnvelopeContext => ({
    requestId: request.id,
    idempotencyKey: asString(request.headers[headers.idempotencyKey]),
    now: request.answeredAt ?? now(),
  });

  const errorOf = (thrown: unknown, request: Request): ApiError => {
    const error = asApiError(thrown, request.id);
    if (error.status >= 500 && error.cause !== undefined) {
      log.error({ err: error.cause, code: error.code, request_id: request.id }, "request failed");
    }
    return error;
  };

  const sendError = (thrown: unknown, request: Request, response: HttpResponse): void => {
    const error = errorOf(thrown, request);
    if (response.headersSent) return;
    if (error.retryAfter !== undefined) response.setHeader("retry-after", Math.ceil(error.retryAfter));
    if (error.status === 401) response.setHeader("www-authenticate", `MuxiKey realm="${formationId}"`);
    sendJson(response, error.status, errorEnvelope(error, contextOf(request)));
  };

  const admit = (row: Route, request: Request): void => {
    try {
      request.keyUsed = checkKey(row.key, request.headers);
    } catch (error) {
      audit.denied(auditedCall(row, request));
      observe({
        event: "request.denied.auth",
        level: "warn",
        requestId: request.id,
        data: { path: row.path },
      });
      throw error;
    }
  };

  /** Validates a request whose key and body were looked at, and gives its envelope; undefined for a stream. */
  const perform = async <Id extends RouteId>(id: Id, request: Request, response: HttpResponse) => {
    const row: (typeof routes)[Id] = routes[id];
    const endpoint: Endpoints[Id] = endpoints[id];
    const changes = identities.refresh();
    if (changes) await changes;
    const call = readCall(row, request, response, identities.ownerOf);
    checkRate(request.keyUsed, call.userId);
    const data = await endpoint(call);
    if (request.keyUsed === "admin" && row.method !== "GET") {
      await audit.changed({ ...auditedCall(row, request), userId: call.userId });
    }
    if (data === streamed) return undefined;
    const answered = isInBackground(row, data) ? row.background : row;
    return { status: answered.status, envelope: successEnvelope(answered, data, contextOf(request)) };
  };

  const handlerOf = (id: RouteId): Handler => {
    const row: Route = routes[id];
    return async (request, response) => {
      admit(row, request);
      if (row.body || request.reshape) {
        const body = await readJson(request.incoming, bodyLimit(id));
        request.body = request.reshape ? request.reshape(body) : body;
        takeRequestId(request, response);
      }
      const answer = await perform(id, request, response);
      if (answer) sendJson(response, answer.status, answer.envelope);
    };
  };
  const add = (method: Route["method"], path: string, handler: Handler) => {
    router.add(method, path, handler);
    // Node leaves the body out by itself.
    if (method === "GET") router.add("HEAD", path, handler);
  };
  for (const id of Object.keys(routes) as RouteId[]) {
    const { method, path, stream }: Route = routes[id];
    // A stream without a body would say nothing and never end.
    if (stream?.always) router.add(method, `/v1${path}`, handlerOf(id));
    else add(method, `/v1${path}`, handlerOf(id));
  }

  // Made when somebody asks: it takes longer than the rest of the start together.
  let description: ReturnType<typeof openApi> | undefined;
  add("GET", "/openapi.json", async (_, response) => {
    description ??= openApi({ title: `MUXI formation ${formationId}`, version });
    sendJson(response, 200, description);
  });
  const html = "text/html; charset=utf-8";
  add("GET", "/docs", async (_, response) => sendText(response, 200, html, docsPage(formationId)));
  for (const path of ["/", "/v1"]) {
    add("GET", path, async (_, response) => {
      const healthy = await isHealthy();
      sendText(response, healthy ? 200 : 503, html, homePage(formationId, healthy));
    });
  }

  const answerMcp = createMcpServer({
    formationId,
    version,
    async call(id, request, response) {
      try {
        admit(routes[id], request);
        takeRequestId(request, response);
        return { envelope: (await perform(id, request, response))?.envelope, failed: false };
      } catch (thrown) {
        return { envelope: errorEnvelope(errorOf(thrown, request), contextOf(request)), failed: true };
      }
    },
  });
  router.add("POST", "/mcp", async (request, response) => {
    const answer = await answerMcp(await readJson(request.incoming, bodyLimit("chat")), request, response);
    if (answer) sendJson(response, 200, answer);
    else response.writeHead(202).end();
  });

  const handle: Handler = async (request, response) => {
    readAsMeant(request);
    const { method, path } = request;
    let match = router.find(method, path);
    if ((match === undefined || "allowed" in match) && redirectOldCall(request)) {
      match = router.find(request.method, request.path);
    }
    if (match === undefined)
      throw new ApiError("RESOURCE_NOT_FOUND", `There is no ${method} ${path}: /docs lists the calls`);
    if ("allowed" in match) {
      response.setHeader("allow", match.allowed.join(", "));
      if (method === "OPTIONS") {
        response.writeHead(204).end();
        return;
      }
      throw new ApiError(
        "METHOD_NOT_ALLOWED",
        `${method} is not possible on ${path}: use ${match.allowed.join(" or ")}`,
      );
    }
    request.params = match.params;
    await match.value(request, response);
  };

  const logAccess = ({ id, method, path, receivedAt }: Request, response: HttpResponse): void => {
    const duration_ms = Math.round(performance.now() - receivedAt);
    log.info({ request_id: id, method, path, status: response.statusCode, duration_ms }, "access");
  };

  const answer = (incoming: HttpRequest, response: HttpResponse): void => {
    const request = openRequest(incoming);
    response.setHeader(headers.requestId, request.id);
    if (closed) response.setHeader("connection", "close");
    if (accessLog) response.on("close", () => logAccess(request, response));
    if (allowOrigins(incoming, response)) return;
    handle(request, response).catch((error: unknown) => sendError(error, request, response));
  };

  const server: Server = createServer(
    {
      requestTimeout,
      keepAliveTimeout: idleSeconds * 1000,
      noDelay: true,
      // Nothing depends on its name.
      requireHostHeader: false,
    },
    (raw, response) => answer(nodeRequest(raw), response),
  );
  // What a caller expects beside the answer changes nothing about it.
  server.on("checkExpectation", (raw, response) => answer(nodeRequest(raw), response));
  answerUnreadable(server, (failure) =>
    JSON.stringify(errorEnvelope(failure, { requestId: newId("request"), idempotencyKey: null, now: now() })),
  );
  const front = putFrontBefore({
    server,
    starts: /^(?:GET|POST|PUT|PATCH|DELETE) \//,
    idleMs: idleSeconds * 1000,
    patienceMs: requestTimeout / 3,
    serve(plain, socket, done) {
      const incoming = plainRequest(plain, socket);
      if (!incoming) return undefined;
      const response = new PlainHttpResponse(socket, idleSeconds, done);
      answer(incoming, response);
      return response;
    },
  });

  let closed: Promise<unknown> | undefined;

  return {
    async listen(host, port) {
      server.listen({ host, port, backlog: 4096 });
      await once(server, "listening");
      return (server.address() as AddressInfo).port;
    },
    refuse() {
      if (!server.listening) return;
      closed ??= once(server.close(), "close");
      server.closeIdleConnections();
      front.close();
    },
    async close() {
      this.refuse();
      const timer = setTimeout(() => {
        front.destroy();
        server.closeAllConnections();
      }, lastWords);
      await closed;
      clearTimeout(timer);
      front.destroy();
    },
  };
};
