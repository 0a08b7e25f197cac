import type { IncomingMessage, ServerResponse } from "node:http";
import type { Front } from "@muxi/http";
import { endsWithin } from "../base/time.ts";
import { Backends } from "./backends.ts";
import { createForwarder, type ForwarderOptions } from "./forwarding.ts";
import { createFront, type FrontSettings } from "./front.ts";
import { type ProxyTarget, proxyTarget } from "./target.ts";
import { UndiciCarrier, writeLocalResponse } from "./undici-carrier.ts";

export interface Proxy {
  /** Serves a request if its path is one of the proxy's. Returns false, and does nothing, if it is not. */
  handle(request: IncomingMessage, response: ServerResponse, requestId: string): boolean;
  /** Creates a front for Node's HTTP server that serves plain requests itself. */
  front(settings: FrontSettings): Front;
  /**
   * Resolves when these ports have no open requests, or after `limitMs`, and forgets them. No further requests may be
   * sent to them.
   */
  drain(ports: readonly number[], limitMs: number): Promise<void>;
  close(): Promise<void>;
}

/**
 * The proxy of docs/spec/server-api.md "Proxy". It handles requests before any router does, because it gets nearly
 * all of a server's traffic.
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
    if (forwarding.kind === "local") writeLocalResponse(response, forwarding);
    else new UndiciCarrier(request, response, backends.pool(forwarding.port), forwarding).start();
  };

  return {
    handle(request, response, requestId) {
      const target = proxyTarget(request.url ?? "");
      if (!target) return false;
      carry(target, request, response, requestId);
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
