import type { IncomingMessage, ServerResponse } from "node:http";
import type { Front } from "@muxi/http";
import { preflightHeaders } from "../base/cors.ts";
import { endsWithin } from "../base/time.ts";
import { Backends } from "./backends.ts";
import { createForwarder, type ForwarderOptions } from "./forwarding.ts";
import { createFront, type FrontSettings } from "./front.ts";
import { type ProxyTarget, proxyTarget } from "./target.ts";
import { UndiciCarrier, writeOwnAnswer } from "./undici-carrier.ts";

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

/**
 * The proxy of docs/spec/server-api.md "Proxy". It works on Node's request before any router sees it, because
 * nearly all traffic of a server passes here.
 */
export const createProxy = (options: Omit<ForwarderOptions, "backends">): Proxy => {
  const backends = new Backends();
  const forward = createForwarder({ ...options, backends });

  const carry = (
    target: ProxyTarget,
    request: IncomingMessage,
    response: ServerResponse,
    requestId: string,
  ): void => {
    const { method = "GET", rawHeaders, socket } = request;
    const { connection, upgrade } = request.headers;
    const forwarding = forward({ target, method, rawHeaders, connection, upgrade, socket, requestId });
    if (forwarding.kind === "own") writeOwnAnswer(response, forwarding);
    else new UndiciCarrier(request, response, backends.pool(forwarding.port), forwarding).start();
  };

  return {
    handle(request, response, requestId) {
      const target = proxyTarget(request.url ?? "");
      if (!target) return false;
      if (request.method === "OPTIONS") response.writeHead(200, preflightHeaders).end();
      else carry(target, request, response, requestId);
      return true;
    },
    async drain(ports, limitMs) {
      await endsWithin(limitMs, Promise.all(ports.map((port) => backends.idle(port))));
      for (const port of ports) backends.forget(port);
    },
    front: (settings) => createFront({ ...settings, forward, backends }),
    close: () => backends.close(),
  };
};
