import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { answerUnreadable, putFrontBefore } from "@muxi/http";
import type { ApiError } from "@muxi/protocol";
import {
  type HttpRequest,
  type HttpResponse,
  nodeRequest,
  PlainHttpResponse,
  plainRequest,
  unreadableFailure,
} from "../http/index.ts";

/** The port that requests come in at. */
export interface Listener {
  /** Resolves with the port; port 0 picks a free one. */
  listen(host: string, port: number): Promise<number>;
  /** Goes on as before, but closes each connection after the next response on it, so that its client opens another. */
  sendAway(): void;
  /** Accepts no new connections, and closes each open one after the response it waits for. */
  refuse(): void;
  /** Waits for responses to end, and cuts streams that go on. */
  close(): Promise<void>;
}

/** Time limit for receiving a request, in milliseconds. Responses have none. */
const requestTimeout = 60_000;
/** How long a connection waits for its next request. */
const idleSeconds = 72;
/** Time for the ends of responses to reach their callers, in milliseconds. */
const lastWords = 1_000;

/**
 * Reads requests from sockets, plain ones by `@muxi/http` and all others by Node's server, and hands each to `serve`.
 *
 * @param unreadableBody Makes the body of the response to a request that cannot be parsed.
 */
export const createListener = (
  serve: (request: HttpRequest, response: HttpResponse) => void,
  unreadableBody: (failure: ApiError) => string,
): Listener => {
  let closed: Promise<unknown> | undefined;
  let isSendingAway = false;

  const take = (request: HttpRequest, response: HttpResponse): void => {
    if (closed || isSendingAway) response.setHeader("connection", "close");
    serve(request, response);
  };

  const server: Server = createServer(
    {
      requestTimeout,
      keepAliveTimeout: idleSeconds * 1000,
      noDelay: true,
      // Nothing depends on the Host header.
      requireHostHeader: false,
    },
    (raw, response) => take(nodeRequest(raw), response),
  );
  // An unknown `Expect` header is ignored.
  server.on("checkExpectation", (raw, response) => take(nodeRequest(raw), response));
  server.on(
    "clientError",
    answerUnreadable((why) => {
      const failure = unreadableFailure(why);
      return { status: failure.status, body: unreadableBody(failure) };
    }),
  );
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
    sendAway() {
      isSendingAway = true;
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
