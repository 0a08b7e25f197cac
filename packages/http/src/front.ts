import type { Server } from "node:http";
import type { Socket } from "node:net";
import { ClientConnection, type FrontContext } from "./client-connection.ts";

export interface FrontOptions extends Pick<FrontContext, "serve" | "starts" | "idleMs" | "patienceMs"> {
  /** The server whose connections are read first here; it gets those that carry anything but plain requests. */
  server: Server;
  /** The event by which the server learns of a connection: `secureConnection` with TLS. Default `connection`. */
  event?: "connection" | "secureConnection";
}

/**
 * Serves plain requests straight from the socket, in front of Node's HTTP server. Nearly all traffic is plain, and
 * Node's objects and streams for each message would double its cost in time and memory.
 */
export interface Front {
  /** Whether new requests are refused. */
  readonly closing: boolean;
  /** Refuses new requests; those under way are answered. */
  close(): void;
  /** Drops all connections, and with them the requests still under way. */
  destroy(): void;
}

export const putFrontBefore = ({ server, event = "connection", ...options }: FrontOptions): Front => {
  const readers = server.listeners(event);
  const context: FrontContext = {
    ...options,
    handToNode(socket) {
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
