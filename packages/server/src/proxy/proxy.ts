import type { IncomingMessage, ServerResponse } from "node:http";
import type { BlockList } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { headers as names, type ServerErrorBody } from "@muxi/protocol";
import { Pool } from "undici";
import { corsHeaders, preflightHeaders } from "../cors.ts";
import type { Log } from "../logs/index.ts";
import type { Metrics } from "../metrics/index.ts";
import { Exchange } from "./exchange.ts";
import { forwardedHeaders, latestSdk } from "./headers.ts";
import { isFormationId, type ProxyKind, type ProxyTarget, proxyTarget } from "./target.ts";

export interface Upstream {
  port: number;
  status: string;
}

export interface ProxyOptions {
  /** The process that answers for a formation, or undefined when there is none of this id. */
  find: (kind: ProxyKind, formationId: string) => Upstream | undefined;
  trustedProxies: BlockList;
  metrics: Metrics;
  log: Log;
}

export interface Proxy {
  /** Serves the request when its path is one of the proxy's; false leaves it untouched. */
  handle(request: IncomingMessage, response: ServerResponse, requestId: string): boolean;
  /**
   * Resolves when no request is under way to these ports, at the latest after `limitMs`, and forgets them: nobody
   * sends them another.
   */
  drain(ports: readonly number[], limitMs: number): Promise<void>;
  close(): Promise<void>;
}

/** One port of a formation, and the requests that are under way to it. */
interface Backend {
  pool: Pool;
  open: number;
  whenIdle: (() => void)[];
}

const connectTimeoutMs = 5000;

const answer = (
  response: ServerResponse,
  headers: Record<string, string>,
  code: number,
  error: string,
  message: string,
): void => {
  const body: ServerErrorBody = { error, message, code };
  response
    .writeHead(code, { "content-type": "application/json; charset=utf-8", ...corsHeaders, ...headers })
    .end(JSON.stringify(body));
};

/** `Upgrade: h2c` is only an offer, which HTTP/1.1 may ignore; curl makes it. */
const wantsUpgrade = (upgrade: string | undefined): boolean =>
  upgrade !== undefined && upgrade.toLowerCase() !== "h2c";

/**
 * The proxy of contract/server-api.md 14. It works on Node's request before any router sees it, because nearly all
 * traffic of a server passes here.
 */
export const createProxy = ({ find, trustedProxies, metrics, log }: ProxyOptions): Proxy => {
  const backends = new Map<number, Backend>();

  const backendOf = (port: number): Backend => {
    let backend = backends.get(port);
    if (!backend) {
      const pool = new Pool(`http://127.0.0.1:${port}`, {
        connect: { timeout: connectTimeoutMs },
        // A model may think for as long as it likes: a missing answer keeps the connection open (14.4).
        headersTimeout: 0,
        bodyTimeout: 0,
      });
      backend = { pool, open: 0, whenIdle: [] };
      backends.set(port, backend);
    }
    return backend;
  };

  /** Counts the request until its answer is complete or its client gone. */
  const enter = (port: number, response: ServerResponse): Pool => {
    const backend = backendOf(port);
    backend.open += 1;
    response.once("close", () => {
      backend.open -= 1;
      if (backend.open > 0) return;
      for (const idle of backend.whenIdle.splice(0)) idle();
    });
    return backend.pool;
  };

  const idle = (port: number): Promise<void> => {
    const backend = backends.get(port);
    if (!backend || backend.open === 0) return Promise.resolve();
    return new Promise((resolve) => backend.whenIdle.push(resolve));
  };

  const forward = (
    target: ProxyTarget,
    request: IncomingMessage,
    response: ServerResponse,
    requestId: string,
  ): void => {
    const { kind, formationId, path } = target;
    const sdk = kind === "mcp" ? undefined : latestSdk(request);
    const answerHeaders = {
      [names.requestId]: requestId,
      ...(sdk !== undefined && { [names.sdkLatest]: sdk }),
    };
    const fail = (code: number, error: string, message: string): void =>
      answer(response, answerHeaders, code, error, message);

    if (wantsUpgrade(request.headers.upgrade)) {
      response.shouldKeepAlive = false;
      fail(501, "Not Implemented", "The proxy does not pass on protocol upgrades such as WebSocket");
      return;
    }
    const upstream = isFormationId(formationId) ? find(kind, formationId) : undefined;
    if (!upstream) {
      fail(404, "Formation not found", `Formation '${formationId}' not found`);
      return;
    }
    if (upstream.status !== "running") {
      fail(
        503,
        "Formation unavailable",
        `Formation '${formationId}' is not running (status: ${upstream.status})`,
      );
      return;
    }
    new Exchange(request, response, {
      pool: enter(upstream.port, response),
      path,
      headers: forwardedHeaders(request, { formationId, requestId, trustedProxies }),
      answerHeaders,
      measurement: metrics.begin(formationId, kind),
      onFailure: (error) => {
        log.warn({ formation: formationId, request_id: requestId, err: error }, "formation did not respond");
        if (!response.headersSent) fail(502, "Bad gateway", "Formation did not respond");
        else response.destroy();
      },
    }).start();
  };

  return {
    handle(request, response, requestId) {
      const target = proxyTarget(request.url ?? "");
      if (!target) return false;
      if (request.method === "OPTIONS") response.writeHead(200, preflightHeaders).end();
      else forward(target, request, response, requestId);
      return true;
    },
    async drain(ports, limitMs) {
      const limit = new AbortController();
      await Promise.race([
        Promise.all(ports.map(idle)),
        delay(limitMs, undefined, { signal: limit.signal }).catch(() => undefined),
      ]);
      limit.abort();
      for (const port of ports) {
        // The next process on the port gets a pool of its own. This one ends with its last request.
        const backend = backends.get(port);
        backends.delete(port);
        void backend?.pool.close();
      }
    },
    async close() {
      await Promise.all([...backends.values()].map(({ pool }) => pool.destroy()));
    },
  };
};
