import type { BlockList } from "node:net";
import { answerUnreadable, asError, type Unreadable } from "@muxi/http";
import type { ServerHealth } from "@muxi/protocol";
import Fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerFactory,
  type HTTPMethods,
  type onRequestAsyncHookHandler,
} from "fastify";
import { type Credentials, clientAddress, createFailureLimit, foreignPage, refusal } from "../auth/index.ts";
import { corsHeaders, preflightHeaders } from "../base/cors.ts";
import { asFailure } from "../base/disk.ts";
import { version } from "../base/version.ts";
import type { AuditLog, Log } from "../logs/index.ts";
import type { Metrics } from "../metrics/index.ts";
import type { Releases } from "../releases/index.ts";
import { createAudit } from "./audit.ts";
import { readJson } from "./body.ts";
import { createBundleHandlers, type ReleaseRouteOptions } from "./bundle-routes.ts";
import { createDevHandlers, type DevOptions } from "./dev.ts";
import { createBackupHandler, createDownloadHandler } from "./download.ts";
import { createDraftFilesHandler } from "./draft-files.ts";
import { errorBody, HttpError } from "./errors.ts";
import { createFormationHandlers } from "./formations.ts";
import type { Handler } from "./handler.ts";
import { createLogHandlers, type LogRouteOptions } from "./logs.ts";
import { createStatusHandler, type StatusOptions } from "./status.ts";

const documentation = "https://muxi.org/docs";
const allMethods: readonly HTTPMethods[] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/** Room for a 5 MB file, in Base64 in JSON. */
const draftFileBytes = 8 * 1024 * 1024;

export interface AppOptions extends StatusOptions, DevOptions, Omit<LogRouteOptions, "releases"> {
  releases: Releases;
  audit: AuditLog;
  serverFactory: FastifyServerFactory;
  credentials: Credentials | undefined;
  /** Per address, per minute. */
  maxAuthFailures: number;
  /** Peers whose `X-Forwarded-For` is trusted. */
  trustedProxies: BlockList;
  metrics: Metrics;
  log: Log;
}

type GuardOptions = Pick<AppOptions, "credentials" | "maxAuthFailures" | "trustedProxies" | "now">;

/** Refuses requests without a valid signature, or, without credentials, those that do not come from this machine. */
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

const unreadable: Readonly<Record<Unreadable, [status: number, message: string]>> = {
  "headers-too-large": [431, "The headers are larger than 16 KB together: send less in them"],
  "too-late": [408, "The request did not come whole in time: send it again"],
  "not-http": [400, "The request is not valid HTTP: check method, headers and body"],
};

const unreadableAnswer = (why: Unreadable) => {
  const [status, message] = unreadable[why];
  return { status, body: JSON.stringify(errorBody(status, message)) };
};

interface Route {
  url: string;
  handlers: Partial<Record<"GET" | "POST" | "PUT" | "DELETE", Handler>>;
  onRequest?: onRequestAsyncHookHandler;
  /** Bytes. */
  bodyLimit?: number;
}

/** Registers a path: its methods, OPTIONS for browsers, and 405 with an empty body for all other methods. */
const mount = (app: FastifyInstance, { url, handlers, ...route }: Route): void => {
  const served: HTTPMethods[] = ["OPTIONS"];
  for (const [method, handler] of Object.entries(handlers)) {
    app.route({ ...route, url, method, handler });
    served.push(method);
    // Fastify adds HEAD for each GET.
    if (method === "GET") served.push("HEAD");
  }
  app.options(url, (_request, reply) => reply.headers(preflightHeaders).send());
  const refuse = async (_request: FastifyRequest, reply: FastifyReply) =>
    reply.code(405).header("allow", served.join(", ")).send();
  const method = allMethods.filter((other) => !served.includes(other));
  // A hook, because otherwise an unreadable body would be refused first.
  app.route({ method, url, onRequest: refuse, handler: refuse });
};

/** Registers the routes that manage deployments. Their bodies are bundles, which are not read into memory, or empty. */
const mountFormations = (
  app: FastifyInstance,
  options: ReleaseRouteOptions & LogRouteOptions,
  onRequest: onRequestAsyncHookHandler,
): void => {
  const bundles = createBundleHandlers(options);
  const formations = createFormationHandlers(options);
  const logs = createLogHandlers(options);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", (_request: FastifyRequest, body: unknown, done) => done(null, body));
  const route = (path: string, handlers: Route["handlers"]): void =>
    mount(app, { url: `/rpc/formations${path}`, handlers, onRequest });
  route("", { GET: formations.list, POST: bundles.deploy });
  route("/:id", { GET: formations.get, PUT: bundles.update, DELETE: formations.remove });
  route("/:id/deploy", { POST: bundles.deployByPath });
  route("/:id/deploy/stream", { POST: bundles.deployByPath });
  route("/:id/update", { POST: bundles.updateByPost });
  route("/:id/update/stream", { POST: bundles.updateByPost });
  route("/:id/start", { POST: formations.start });
  route("/:id/start/stream", { POST: formations.start });
  route("/:id/stop", { POST: formations.stop });
  route("/:id/restart", { POST: formations.restart });
  route("/:id/restart/stream", { POST: formations.restart });
  route("/:id/rollback", { POST: formations.rollback });
  route("/:id/rollback/stream", { POST: formations.rollback });
  route("/:id/cancel-update", { POST: formations.cancelUpdate });
  route("/:id/logs", { GET: logs.formationLogs });
  // The SDK for Ruby asks with POST.
  route("/:id/logs/stream", { GET: logs.formationLogs, POST: logs.formationLogs });
  route("/:id/backup", { GET: createBackupHandler(options.releases) });
  route("/:id/download", { GET: createDownloadHandler(options.releases) });
  mount(app, { url: "/rpc/server/logs", handlers: { GET: logs.serverLogs }, onRequest });
};

/** The routes of docs/spec/server-api.md "Routes of the server". */
export const createApp = (appOptions: AppOptions): FastifyInstance => {
  const { serverFactory, metrics, log, audit: auditLog, ...options } = appOptions;
  const respondWithError = (error: unknown, request: FastifyRequest, reply: FastifyReply): void => {
    // Fastify's own errors (invalid JSON, body too large, an address that is none) have a 4xx status and a usable
    // message.
    const told = error instanceof HttpError ? error : asFailure(error);
    if (told) {
      reply.code(told.status).send(errorBody(told.status, told.message));
      return;
    }
    const status = statusOf(error);
    if (status < 500) {
      reply.code(status).send(errorBody(status, asError(error).message));
      return;
    }
    log.error({ err: error, method: request.method, path: request.url.split("?")[0] }, "request failed");
    reply.code(500).send(errorBody(500, "Internal server error; see the server's log for details"));
  };
  const app = Fastify({
    serverFactory,
    bodyLimit: 1024 * 1024,
    forceCloseConnections: "idle",
    clientErrorHandler: answerUnreadable(unreadableAnswer),
    // These come before all hooks.
    frameworkErrors: (error, request, reply) => respondWithError(error, request, reply.headers(corsHeaders)),
  });

  // Accept JSON of any content type: plain `curl -d` sends another.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "buffer" }, async (request: FastifyRequest, body: Buffer) =>
    readJson(body, request.headers["content-encoding"] ?? "", request.routeOptions.bodyLimit),
  );
  app.addHook("onRequest", async (_request, reply) => {
    reply.headers(corsHeaders);
  });
  app.setNotFoundHandler((_request, reply) => {
    reply.code(404).send(errorBody(404, "Endpoint not found"));
  });
  app.setErrorHandler(respondWithError);

  const audit = createAudit({
    audit: auditLog,
    keyId: options.credentials?.key,
    addressOf: ({ raw }) => clientAddress(raw, options.trustedProxies),
    log,
  });
  audit.watch(app);
  const onRequest = createGuard(options);
  const dev = createDevHandlers(options);
  const get = (url: string, handler: Handler): void => mount(app, { url, handlers: { GET: handler } });
  get("/health", (): ServerHealth => ({ success: true, status: "ok", version }));
  get("/ping", (_request, reply) => reply.type("text/plain; charset=utf-8").send("pong"));
  get("/docs", (_request, reply) => reply.redirect(documentation, 302));
  const metricsHandler: Handler = async (_request, reply) =>
    reply.type(metrics.contentType).send(await metrics.text());
  const guarded = (url: string, handlers: Route["handlers"], bodyLimit?: number): void =>
    mount(app, { url, handlers, onRequest, ...(bodyLimit !== undefined && { bodyLimit }) });
  guarded("/metrics", { GET: metricsHandler });
  guarded("/rpc/server/status", { GET: createStatusHandler(options) });
  guarded("/rpc/dev/run", { POST: dev.run });
  guarded("/rpc/dev/stop", { POST: dev.stop });
  const draftFiles = createDraftFilesHandler({ ...options, audit });
  guarded("/rpc/formations/:id/draft/files", { POST: draftFiles }, draftFileBytes);
  void app.register(async (scope) => mountFormations(scope, { ...options, audit }, onRequest));
  return app;
};

const statusOf = (error: unknown): number =>
  error instanceof Error && "statusCode" in error && typeof error.statusCode === "number"
    ? error.statusCode
    : 500;
