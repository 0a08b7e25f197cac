import type { IncomingMessage, ServerResponse } from "node:http";
import type { BlockList } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import type { Front } from "@muxi/http";
import { headers as names, type ServerErrorBody } from "@muxi/protocol";
import { isTrusted, peerAddress } from "../auth/index.ts";
import { corsHeaders, preflightHeaders } from "../base/cors.ts";
import type { Log } from "../logs/index.ts";
import type { Metrics } from "../metrics/index.ts";
import { Backends } from "./backends.ts";
import { Exchange } from "./exchange.ts";
import { createFront, type FrontSettings } from "./front.ts";
import { addedHeaders, answerHeaders, isSecure, sortHeaders } from "./headers.ts";
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
  /** Stands before Node's HTTP server and serves plain requests by itself. */
  front(settings: FrontSettings): Front;
  /**
   * Resolves when no request is under way to these ports, at the latest after `limitMs`, and forgets them: nobody
   * sends them another.
   */
  drain(ports: readonly number[], limitMs: number): Promise<void>;
  close(): Promise<void>;
}

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
 * The proxy of docs/spec/server-api.md "Proxy". It works on Node's request before any router sees it, because
 * nearly all traffic of a server passes here.
 */
export const createProxy = ({ find, trustedProxies, metrics, log }: ProxyOptions): Proxy => {
  const backends = new Backends();

  const forward = (
    target: ProxyTarget,
    request: IncomingMessage,
    response: ServerResponse,
    requestId: string,
  ): void => {
    const { kind, formationId, path } = target;
    const { passed, seen } = sortHeaders(request.rawHeaders, request.headers.connection);
    const ownHeaders = answerHeaders(requestId, kind === "mcp" ? undefined : seen.get(names.sdk));
    const fail = (code: number, error: string, message: string): void =>
      answer(response, ownHeaders, code, error, message);

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
    const { port } = upstream;
    response.once("close", backends.enter(port));
    const address = peerAddress(request.socket);
    const peer = {
      address,
      trusted: isTrusted(address, trustedProxies),
      secure: isSecure(request.socket),
    };
    new Exchange(request, response, {
      pool: backends.pool(port),
      path,
      headers: [...passed, ...addedHeaders(seen, peer, formationId, requestId)],
      answerHeaders: ownHeaders,
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
        Promise.all(ports.map((port) => backends.idle(port))),
        delay(limitMs, undefined, { signal: limit.signal }).catch(() => undefined),
      ]);
      limit.abort();
      for (const port of ports) backends.forget(port);
    },
    front: (settings) => createFront({ ...settings, find, backends, trustedProxies, metrics, log }),
    close: () => backends.close(),
  };
};
