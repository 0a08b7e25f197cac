import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { createApp, draftName } from "./api/index.ts";
import { isLoopback } from "./auth/index.ts";
import type { ServerConfig } from "./config.ts";
import type { Log } from "./logs/index.ts";
import { type MakeCommand, Supervisor } from "./processes/index.ts";
import { createProxy, type ProxyKind } from "./proxy/index.ts";

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

export interface MuxiServer {
  /** Opens the port. Rejects with Node's error, such as `EADDRINUSE`. */
  listen(): Promise<{ port: number; url: string }>;
  /**
   * Stops accepting, gives open requests up to 10 seconds, and stops every formation. A second call waits for the
   * first.
   */
  close(): Promise<void>;
}

const headersTimeoutMs = 15_000;
const idleTimeoutMs = 60_000;
const drainTimeoutMs = 10_000;
const drainPollMs = 50;

/** A client may take hours for an upload, but not fall silent in it. */
const limitSilence = (request: IncomingMessage): void => {
  const { socket, headers } = request;
  if (headers["content-length"] === undefined && headers["transfer-encoding"] === undefined) return;
  socket.setTimeout(idleTimeoutMs);
  request.once("end", () => socket.setTimeout(0));
};

const logRequest = (log: Log, request: IncomingMessage, response: ServerResponse): void => {
  const { method, url = "" } = request;
  const remote = request.socket.remoteAddress;
  const startedAt = performance.now();
  response.once("close", () => {
    // Without the query: it may hold what is nobody's business.
    const path = url.split("?", 1)[0];
    const ms = Math.round((performance.now() - startedAt) * 10) / 10;
    log.info({ method, path, status: response.statusCode, remote, ms }, "request");
  });
};

/** Waits until every open request has its answer, at most for the drain time, and closes what is left. */
const drain = async (server: Server, closed: Promise<unknown>): Promise<void> => {
  const limit = Date.now() + drainTimeoutMs;
  let open = true;
  void closed.then(() => {
    open = false;
  });
  while (open && Date.now() < limit) {
    // A kept-alive connection whose request has ended would hold the server open until its idle timeout.
    server.closeIdleConnections();
    await Promise.race([closed, delay(drainPollMs)]);
  }
  server.closeAllConnections();
  await closed;
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
  const proxy = createProxy({
    find: (kind: ProxyKind, id: string) => supervisor.get(kind === "draft" ? draftName(id) : id),
    trustedProxies: config.trustedProxies,
    log,
  });

  const app = createApp({
    serverFactory: (handle) =>
      createHttpServer(
        {
          headersTimeout: headersTimeoutMs,
          requestTimeout: 0, // Counts the body too, and would cut long uploads (D19).
          keepAliveTimeout: idleTimeoutMs,
        },
        (request, response) => {
          logRequest(log, request, response);
          limitSilence(request);
          if (!proxy.handle(request, response)) handle(request, response);
        },
      ),
    credentials: config.credentials,
    serverId: config.serverId,
    supervisor,
    formationsDirectory: config.formationsDirectory,
    devRoots: isLoopback(config.host) ? undefined : config.devRoots,
    env,
    log,
    now,
  });

  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    const closed = app.close();
    await drain(app.server, closed);
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
      url = `http://${reachable.includes(":") ? `[${reachable}]` : reachable}:${port}`;
      return { port, url };
    },
    close() {
      closing ??= close();
      return closing;
    },
  };
};
