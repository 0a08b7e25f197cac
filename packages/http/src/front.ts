import type { Server } from "node:http";
import type { Socket } from "node:net";
import { ClientConnection, type FrontContext } from "./client-connection.ts";

export interface FrontOptions extends Pick<FrontContext, "serve" | "starts" | "idleMs" | "patienceMs"> {
  /** Whose own reading of connections it stands before, and to whom it leaves those that are not plain. */
  server: Server;
  /** Where the server reads what comes: `secureConnection` with TLS. */
  event?: "connection" | "secureConnection";
}

/**
 * Serves plain requests from socket to socket, before Node's HTTP server. Nearly all traffic is that, and Node's
 * objects and streams for each message would cost it twice the time and memory.
 */
export interface Front {
  /** Whether no further request is taken. */
  readonly closing: boolean;
  /** Takes no further request. */
  close(): void;
  /** Breaks off what is still under way. */
  destroy(): void;
}

export const putFrontBefore = ({ server, event = "connection", ...options }: FrontOptions): Front => {
  const readers = server.listeners(event);
  const context: FrontContext = {
    ...options,
    leave(socket) {
      for (const read of readers) read.call(server, socket);
    },
    connections: new Set(),
    closing: false,
  };
  server.removeAllListeners(event);
  server.on(event, (socket: Socket) => context.connections.add(new ClientConnection(socket, context)));

  const checks = setInterval(() => {
    const now = performance.now();
    for (const connection of context.connections) connection.check(now);
  }, options.patienceMs).unref();

  return {
    get closing() {
      return context.closing;
    },
    close() {
      context.closing = true;
      for (const connection of context.connections) connection.close();
    },
    destroy() {
      clearInterval(checks);
      for (const connection of context.connections) connection.destroy();
    },
  };
};
