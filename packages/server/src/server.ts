import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { setTimeout as delay } from "node:timers/promises";
import { headers } from "@muxi/protocol";
import { createApp, draftName } from "./api/index.ts";
import { isLoopback } from "./auth/index.ts";
import type { ServerConfig } from "./config.ts";
import type { Log } from "./logs/index.ts";
import { createMetrics, listenForMetrics, type MetricsListener } from "./metrics/index.ts";
import { type MakeCommand, Supervisor } from "./processes/index.ts";
import { createProxy, type ProxyKind, requestIdOf } from "./proxy/index.ts";

export interface ServerOptions {
  config: ServerConfig;
  log: Log;
  /** Environment that formations inherit. */
  env: NodeJS.ProcessEnv;
  /** Program and arguments that run a formation folder. */
  runtime: (folder: string) => { command: string; args: string[] };
  /** Unix milliseconds. Default: the clock. */
  now?: () => number;
}

export interface Listening {
  port: number;
  url: string;
  /** Of the metrics, when they have a port of their own. */
  metricsPort: number | undefined;
}

export interface MuxiServer {
  /** Opens the port. Rejects with Node's error, such as `EADDRINUSE`. */
  listen(): Promise<Listening>;
  /**
   * Stops accepting, gives open requests up to 10 seconds, and stops every formation. A second call waits for the
   * first.
   */
  close(): Promise<void>;
}

const headersTimeoutMs = 15_000;
const idleTimeoutMs = 60_000;
/** For a request with its body: enough for a large bundle on a slow line, and the end of one that trickles (D19). */
const requestTimeoutMs = 3_600_000;
const drainTimeoutMs = 10_000;
const drainPollMs = 50;

/** A client may take hours for an upload, but not fall silent in it. */
const limitSilence = (request: IncomingMessage): void => {
  const { socket, headers } = request;
  if (headers["content-length"] === undefined && headers["transfer-encoding"] === undefined) return;
  socket.setTimeout(idleTimeoutMs);
  request.once("end", () => socket.setTimeout(0));
};

const logRequest = (
  log: Log,
  request: IncomingMessage,
  response: ServerResponse,
  requestId: string,
): void => {
  const { method, url = "" } = request;
  const remote = request.socket.remoteAddress;
  const startedAt = performance.now();
  response.once("close", () => {
    // Without the query: it may hold what is nobody's business.
    const path = url.split("?", 1)[0];
    const ms = Math.round((performance.now() - startedAt) * 10) / 10;
    log.info({ method, path, status: response.statusCode, remote, ms, request_id: requestId }, "request");
  });
};

/** Waits until every open request has its answer, at most for the drain time, and closes what is left. */
const drain = async (server: Server, openRequests: () => number): Promise<void> => {
  const limit = Date.now() + drainTimeoutMs;
  while (openRequests() > 0 && Date.now() < limit) {
    // A kept-alive connection whose request has ended could bring the next one.
    server.closeIdleConnections();
    await delay(drainPollMs);
  }
  server.closeAllConnections();
};

/** The control plane: routes, proxy and supervisor behind one port. */
export const createServer = ({ config, log, env, runtime, now = Date.now }: ServerOptions): MuxiServer => {
  let url = "";
  const makeCommand: MakeCommand = ({ formationId, folder, port, draft }) => ({
    ...runtime(folder),
    folder,
    env: {
      ...env,
      PORT: String(port),
      HOST: config.processes.bindHost,
      FORMATION_ID: formationId,
      MUXI_SERVER_URL: url,
      // `production` forbids `${{ env.NAME }}`; a draft is a developer's own and may use it.
      MUXI_ENV: draft ? "development" : "production",
    },
  });
  const supervisor = new Supervisor({ settings: config.processes, makeCommand, log });
  const metrics = createMetrics(() => supervisor.list());
  const proxy = createProxy({
    find: (kind: ProxyKind, id: string) => supervisor.get(kind === "draft" ? draftName(id) : id),
    trustedProxies: config.trustedProxies,
    metrics,
    log,
  });
  const timeouts = {
    headersTimeout: headersTimeoutMs,
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: idleTimeoutMs,
  };

  let openRequests = 0;
  const app = createApp({
    serverFactory: (handle) => {
      const serve = (request: IncomingMessage, response: ServerResponse): void => {
        openRequests += 1;
        response.once("close", () => {
          openRequests -= 1;
        });
        const requestId = requestIdOf(request);
        logRequest(log, request, response, requestId);
        limitSilence(request);
        if (proxy.handle(request, response, requestId)) return;
        response.setHeader(headers.requestId, requestId);
        handle(request, response);
      };
      return config.tls
        ? createHttpsServer({ ...config.tls, ...timeouts, handshakeTimeout: headersTimeoutMs }, serve)
        : createHttpServer(timeouts, serve);
    },
    credentials: config.credentials,
    maxAuthFailures: config.maxAuthFailures,
    trustedProxies: config.trustedProxies,
    metrics,
    serverId: config.serverId,
    supervisor,
    formationsDirectory: config.formationsDirectory,
    devRoots: isLoopback(config.host) ? undefined : config.devRoots,
    env,
    log,
    now,
  });

  let metricsListener: MetricsListener | undefined;
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    const closed = app.close();
    await drain(app.server, () => openRequests);
    await metricsListener?.close();
    await closed;
    await supervisor.close();
    await proxy.close();
  };

  return {
    async listen() {
      await app.listen({ port: config.port, host: config.host });
      const [address] = app.addresses();
      const port = typeof address === "object" ? address.port : config.port;
      const reachable = isLoopback(config.host) ? config.host : "localhost";
      url = `${config.tls ? "https" : "http"}://${reachable.includes(":") ? `[${reachable}]` : reachable}:${port}`;
      if (config.metrics) {
        metricsListener = await listenForMetrics(metrics, config.metrics, (error) =>
          log.error({ err: error }, "metrics could not be read"),
        );
      }
      return { port, url, metricsPort: metricsListener?.port };
    },
    close() {
      closing ??= close();
      return closing;
    },
  };
};
