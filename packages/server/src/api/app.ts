import type { BlockList } from "node:net";
import Fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerFactory,
  type HTTPMethods,
  type onRequestAsyncHookHandler,
} from "fastify";
import { type Credentials, clientAddress, createFailureLimit, foreignPage, refusal } from "../auth/index.ts";
import { corsHeaders, preflightHeaders } from "../cors.ts";
import type { Log } from "../logs/index.ts";
import type { Metrics } from "../metrics/index.ts";
import { version } from "../version.ts";
import { createDevHandlers, type DevOptions } from "./dev.ts";
import { errorBody, HttpError } from "./errors.ts";
import { createStatusHandler, type StatusOptions } from "./status.ts";

const documentation = "https://muxi.org/docs";
const allMethods: readonly HTTPMethods[] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

export type Handler = (request: FastifyRequest, reply: FastifyReply) => unknown;

export interface AppOptions extends StatusOptions, DevOptions {
  serverFactory: FastifyServerFactory;
  credentials: Credentials | undefined;
  /** Per address and minute. */
  maxAuthFailures: number;
  /** Peers whose `X-Forwarded-For` is believed. */
  trustedProxies: BlockList;
  metrics: Metrics;
  log: Log;
}

type GuardOptions = Pick<AppOptions, "credentials" | "maxAuthFailures" | "trustedProxies" | "now">;

/** Refuses a request to `/rpc` that carries no valid signature, or, without credentials, does not come from this machine. */
const createGuard = ({
  credentials,
  maxAuthFailures,
  trustedProxies,
  now,
}: GuardOptions): onRequestAsyncHookHandler => {
  if (!credentials) {
    return async ({ headers }, reply) => {
      const reason = foreignPage(headers);
      if (reason) return reply.code(403).send(errorBody(403, reason));
    };
  }
  const limit = createFailureLimit(maxAuthFailures);
  return async ({ method, url, headers, raw }, reply) => {
    const address = clientAddress(raw, trustedProxies);
    const wait = limit.waitFor(address, now());
    if (wait > 0) {
      const message = `Too many requests with wrong credentials. Try again in ${wait} seconds.`;
      return reply.code(429).header("retry-after", wait).send(errorBody(429, message));
    }
    const reason = refusal({ method, url, authorization: headers.authorization, now: now() }, credentials);
    if (!reason) return;
    limit.failed(address, now());
    return reply.code(401).send(errorBody(401, reason));
  };
};

interface Route {
  url: string;
  method: "GET" | "POST";
  handler: Handler;
  onRequest?: onRequestAsyncHookHandler;
}

/** One path: its method, OPTIONS for browsers, and for every other method 405 with an empty body. */
const mount = (app: FastifyInstance, route: Route): void => {
  const { url } = route;
  app.route(route);
  app.options(url, (_request, reply) => reply.headers(preflightHeaders).send());
  // Fastify adds HEAD to GET by itself.
  const served: HTTPMethods[] =
    route.method === "GET" ? ["GET", "HEAD", "OPTIONS"] : [route.method, "OPTIONS"];
  const refuse = async (_request: FastifyRequest, reply: FastifyReply) =>
    reply.code(405).header("allow", served.join(", ")).send();
  const method = allMethods.filter((other) => !served.includes(other));
  // As a hook, because an unreadable body would be refused before the handler.
  app.route({ method, url, onRequest: refuse, handler: refuse });
};

/** The routes of contract/server-api.md 7.1 and 7.2. */
export const createApp = ({ serverFactory, metrics, log, ...options }: AppOptions): FastifyInstance => {
  const app = Fastify({ serverFactory, bodyLimit: 1024 * 1024, forceCloseConnections: "idle" });

  app.addHook("onRequest", async (_request, reply) => {
    reply.headers(corsHeaders);
  });
  app.setNotFoundHandler((_request, reply) => {
    reply.code(404).send(errorBody(404, "Endpoint not found"));
  });
  app.setErrorHandler((error, request, reply) => {
    // Fastify's own errors (invalid JSON, too large a body, another media type) carry a 4xx and a usable text.
    const status = error instanceof HttpError ? error.status : statusOf(error);
    if (status < 500 || error instanceof HttpError) {
      const message = error instanceof Error ? error.message : String(error);
      return reply.code(status).send(errorBody(status, message));
    }
    log.error({ err: error, method: request.method, path: request.url.split("?")[0] }, "request failed");
    return reply.code(500).send(errorBody(500, "Internal server error; the server's log has the details"));
  });

  const onRequest = createGuard(options);
  const dev = createDevHandlers(options);
  const get = (url: string, handler: Handler): void => mount(app, { method: "GET", url, handler });
  get("/health", () => ({ success: true, status: "ok", version }));
  get("/ping", (_request, reply) => reply.type("text/plain; charset=utf-8").send("pong"));
  get("/docs", (_request, reply) => reply.redirect(documentation, 302));
  const metricsHandler: Handler = async (_request, reply) =>
    reply.type(metrics.contentType).send(await metrics.text());
  mount(app, { method: "GET", url: "/metrics", handler: metricsHandler, onRequest });
  mount(app, { method: "GET", url: "/rpc/server/status", handler: createStatusHandler(options), onRequest });
  mount(app, { method: "POST", url: "/rpc/dev/run", handler: dev.run, onRequest });
  mount(app, { method: "POST", url: "/rpc/dev/stop", handler: dev.stop, onRequest });
  return app;
};

const statusOf = (error: unknown): number =>
  error instanceof Error && "statusCode" in error && typeof error.statusCode === "number"
    ? error.statusCode
    : 500;
