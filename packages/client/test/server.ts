import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { onTestFinished } from "vitest";

export * from "./answers.ts";

/** A request as it arrived. */
export interface Received {
  method: string;
  url: string;
  headers: IncomingHttpHeaders;
  body: string;
  bytes: Buffer;
}

export interface TestServer {
  url: string;
  received: Received[];
  /** Resolves once a request arrives that fits, at once when it has already. */
  arrival(fits: (request: Received) => boolean): Promise<Received>;
  /** Connections that are open now. */
  openSockets(): number;
}

export type Handler = (
  request: Received,
  response: ServerResponse,
  message: IncomingMessage,
) => void | Promise<void>;

const bytesOf = async (message: IncomingMessage): Promise<Buffer> => {
  const pieces: Buffer[] = [];
  for await (const piece of message) pieces.push(piece);
  return Buffer.concat(pieces);
};

/** A real HTTP server on a free port, closed with the test. */
export const serve = async (handler: Handler): Promise<TestServer> => {
  const received: Received[] = [];
  const sockets = new Set<Socket>();
  const waiting: (() => void)[] = [];
  const server = createServer(async (message, response) => {
    const { method = "", url = "", headers } = message;
    const bytes = await bytesOf(message);
    const request = { method, url, headers, body: bytes.toString(), bytes };
    received.push(request);
    for (const wake of waiting.splice(0)) wake();
    await handler(request, response, message);
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    openSockets: () => sockets.size,
    async arrival(fits) {
      for (;;) {
        const found = received.find(fits);
        if (found) return found;
        await new Promise<void>((resolve) => waiting.push(resolve));
      }
    },
  };
};
