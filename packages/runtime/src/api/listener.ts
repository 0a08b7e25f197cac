import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { putFrontBefore } from "@muxi/http";
import type { ApiError } from "@muxi/protocol";
import {
  answerUnreadable,
  type HttpRequest,
  type HttpResponse,
  nodeRequest,
  PlainHttpResponse,
  plainRequest,
} from "../http/index.ts";

/** Where requests come in. */
export interface Listener {
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

/**
 * Reads requests from sockets, plain ones by `@muxi/http` and all others by Node's server, and hands each to `serve`.
 *
 * @param unreadableBody The body that tells of a request that nobody could read.
 */
export const createListener = (
  serve: (request: HttpRequest, response: HttpResponse) => void,
  unreadableBody: (failure: ApiError) => string,
): Listener => {
  let closed: Promise<unknown> | undefined;

  const take = (request: HttpRequest, response: HttpResponse): void => {
    if (closed) response.setHeader("connection", "close");
    serve(request, response);
  };

  const server: Server = createServer(
    {
      requestTimeout,
      keepAliveTimeout: idleSeconds * 1000,
      noDelay: true,
      // Nothing depends on its name.
      requireHostHeader: false,
    },
    (raw, response) => take(nodeRequest(raw), response),
  );
  // What a caller expects beside the answer changes nothing about it.
  server.on("checkExpectation", (raw, response) => take(nodeRequest(raw), response));
  answerUnreadable(server, unreadableBody);
  const front = putFrontBefore({
    server,
    starts: /^(?:GET|POST|PUT|PATCH|DELETE) \//,
    idleMs: idleSeconds * 1000,
    patienceMs: requestTimeout / 3,
    serve(plain, socket, done) {
      const request = plainRequest(plain, socket);
      if (!request) return undefined;
      const response = new PlainHttpResponse(socket, idleSeconds, done);
      take(request, response);
      return response;
    },
  });

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
