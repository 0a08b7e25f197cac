import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { join } from "node:path";
import { setTimeout as delay, setImmediate } from "node:timers/promises";
import { type Front, isLoopback } from "@muxi/http";
import { headers } from "@muxi/protocol";
import { createApp, draftName } from "./api/index.ts";
import type { ServerConfig } from "./config/index.ts";
import { lockData } from "./data-folder/index.ts";
import { createAuditLog, type Log } from "./logs/index.ts";
import { createMetrics, listenForMetrics, type Metrics, type MetricsListener } from "./metrics/index.ts";
import { createMonitor } from "./monitor/index.ts";
import { createFormationCommand, endLeftovers, type RuntimeCommand, Supervisor } from "./processes/index.ts";
import {
  clientLeft,
  createProxy,
  hasBody,
  type ProxyKind,
  requestIdOf,
  type TrackRequest,
} from "./proxy/index.ts";
import { createReader, type ReadingLimits } from "./reader/index.ts";
import { refuseStarting, refuseUnclear } from "./refusals.ts";
import { createReleases, loadDeployments, type Releases, restoreProcesses } from "./releases/index.ts";

export interface ServerOptions {
  config: ServerConfig;
  log: Log;
  /** Environment that formations inherit. */
  env: NodeJS.ProcessEnv;
  /** Program and arguments that run a formation folder. */
  runtime: RuntimeCommand;
  /** Unix milliseconds. Default: the clock. */
  now?: () => number;
  /** Limits for slow clients. Default: `clientTimeouts`. */
  timeouts?: ClientTimeouts;
  /** Limits for reading what callers send, where they differ from the usual ones. */
  reading?: Partial<ReadingLimits>;
}

/** How long a client may take before its connection is closed, in milliseconds. */
export interface ClientTimeouts {
  /** For the headers of a request, and for the TLS handshake before it. */
  headersMs: number;
  /** Without any data, within a body or between two requests. */
  idleMs: number;
  /** For a whole request with its body. */
  requestMs: number;
}

const clientTimeouts: ClientTimeouts = {
  headersMs: 15_000,
  idleMs: 60_000,
  // Enough for a large bundle on a slow line, but not for a trickle without end.
  requestMs: 3_600_000,
};

export interface Listening {
  port: number;
  url: string;
  /** The port for metrics, if they have their own. */
  metricsPort: number | undefined;
}

export interface MuxiServer {
  /**
   * Opens the port.
   *
   * @throws Node's error, such as `EADDRINUSE`.
   */
  listen(): Promise<Listening>;
  /**
   * Stops accepting requests, gives open ones up to 10 seconds, and stops all formations. A second call waits for the
   * first.
   */
  close(): Promise<void>;
}

const drainTimeoutMs = 10_000;
const drainPollMs = 50;

/** Closes the connection of a client that sends nothing for too long in the middle of a body. */
const limitSilence = (request: IncomingMessage, idleMs: number): void => {
  const { socket } = request;
  // Without a body, the "end" event might never come: nobody may read the request.
  if (!hasBody(request)) return;
  socket.setTimeout(idleMs);
  request.once("end", () => socket.setTimeout(0));
};

/** Waits until all open requests have their responses, up to a limit, and closes what is left. */
const drain = async (server: Server, front: Front | undefined, openRequests: () => number): Promise<void> => {
  front?.close();
  // Node's server reads what the front handed to it on the next turn of the event loop.
  await setImmediate();
  const limit = Date.now() + drainTimeoutMs;
  while (openRequests() > 0 && Date.now() < limit) {
    // Otherwise an idle keep-alive connection could bring another request.
    server.closeIdleConnections();
    await delay(drainPollMs);
  }
  front?.destroy();
  server.closeAllConnections();
};

/** The control plane: routes, proxy and supervisor behind one port. */
export const createServer = ({
  config,
  log,
  env,
  runtime,
  now = Date.now,
  timeouts: { headersMs, idleMs, requestMs } = clientTimeouts,
  reading,
}: ServerOptions): MuxiServer => {
  let url = "";
  const supervisor: Supervisor = new Supervisor({
    settings: config.processes,
    makeCommand: createFormationCommand({
      resources: config.formations,
      bindHost: config.processes.bindHost,
      env,
      runtime,
      url: () => url,
    }),
    log,
    now,
    onChange: (name) => {
      if (!releases.deployments.has(name)) return;
      releases.registry
        .save()
        .catch((error: unknown) => log.error({ err: error }, "could not save the registry"));
    },
    onTokens: ({ formationId, draft }, models) => metrics.countTokens(formationId, draft, models),
  });
  const metrics: Metrics = createMetrics(() => supervisor.list());
  const proxy = createProxy({
    find: (kind: ProxyKind, id: string) => supervisor.upstream(kind === "draft" ? draftName(id) : id),
    trustedProxies: config.trustedProxies,
    isLocal: isLoopback(config.host),
    metrics,
    log,
  });
  const reader = createReader(reading);
  const { healthTimeoutMs, healthIntervalMs, forceKillTimeoutMs, logsDirectory } = config.processes;
  const releases: Releases = createReleases({
    settings: {
      serverId: config.serverId,
      dataDirectory: config.dataDirectory,
      formationsDirectory: config.formationsDirectory,
      temporaryDirectory: join(config.dataDirectory, "tmp"),
      logsDirectory,
      maxFormations: config.formations.maxFormations,
      bundle: config.formations.bundle,
      install: { ...config.formations.install, env },
      drainMs: config.formations.drainMs,
      healthTimeoutMs,
      healthIntervalMs,
      forceKillTimeoutMs,
    },
    registryFile: join(config.dataDirectory, "registry.json"),
    supervisor,
    reader,
    log,
    now,
    drain: proxy.drain,
  });
  const monitor = createMonitor({ releases, formations: config.formations, logsDirectory });
  const timeouts = {
    headersTimeout: headersMs,
    requestTimeout: requestMs,
    keepAliveTimeout: idleMs,
    connectionsCheckingInterval: headersMs / 3,
    // Its own refusal would have no body.
    requireHostHeader: false,
  };

  /** Until then the server knows only some of its formations, and must neither serve requests nor save its registry. */
  let restored = false;
  let openRequests = 0;
  const track: TrackRequest = ({ method, url, remote }, requestId) => {
    openRequests += 1;
    const startedAt = performance.now();
    return (status) => {
      openRequests -= 1;
      // Without the query, which may contain private data.
      const path = url.split("?", 1)[0];
      const ms = Math.round((performance.now() - startedAt) * 10) / 10;
      log.info({ method, path, status, remote, ms, request_id: requestId }, "request");
    };
  };
  let front: Front | undefined;
  const app = createApp({
    serverFactory: (handle) => {
      const serve = (request: IncomingMessage, response: ServerResponse): void => {
        const { method = "", url = "", socket } = request;
        const requestId = requestIdOf(request);
        const tracked = track({ method, url, remote: socket.remoteAddress }, requestId);
        response.once("close", () => tracked(response.headersSent ? response.statusCode : clientLeft));
        limitSilence(request, idleMs);
        if (!restored) {
          refuseStarting(response, requestId);
          return;
        }
        if (refuseUnclear(request, response, requestId)) return;
        if (proxy.handle(request, response, requestId)) return;
        response.setHeader(headers.requestId, requestId);
        handle(request, response);
      };
      return config.tls
        ? createHttpsServer({ ...config.tls, ...timeouts, handshakeTimeout: headersMs }, serve)
        : createHttpServer(timeouts, serve);
    },
    credentials: config.credentials,
    maxAuthFailures: config.maxAuthFailures,
    trustedProxies: config.trustedProxies,
    metrics,
    serverId: config.serverId,
    supervisor,
    reader,
    releases,
    audit: createAuditLog(config.auditLog, config.formations.rotation, now),
    auditLog: config.auditLog,
    logsDirectory,
    stopMs: config.formations.drainMs + forceKillTimeoutMs,
    formationsDirectory: config.formationsDirectory,
    devRoots: isLoopback(config.host) ? undefined : config.devRoots,
    env,
    log,
    now,
  });

  let metricsListener: MetricsListener | undefined;
  let closing: Promise<void> | undefined;
  let unlock: (() => Promise<void>) | undefined;
  const close = async (): Promise<void> => {
    monitor.stop();
    supervisor.retire();
    const closed = app.close();
    await drain(app.server, front, () => openRequests);
    await metricsListener?.close();
    await closed;
    await releases.locks.close();
    // Formations that are running now are to be started again by the next start, so their status is saved before they
    // stop.
    if (restored) await releases.registry.close();
    await supervisor.close();
    await proxy.close();
    await unlock?.();
  };

  return {
    async listen() {
      unlock = await lockData(config.dataDirectory);
      await endLeftovers(config.processes.pidsDirectory, forceKillTimeoutMs, log);
      await loadDeployments(releases);
      const records = await releases.registry.read();
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
      restoreProcesses(releases, records);
      restored = true;
      front = proxy.front({
        server: app.server,
        isSecure: config.tls !== undefined,
        track,
        idleMs,
        patienceMs: headersMs / 3,
      });
      await releases.registry.save();
      monitor.start();
      return { port, url, metricsPort: metricsListener?.port };
    },
    close() {
      closing ??= close();
      return closing;
    },
  };
};
