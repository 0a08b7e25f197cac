import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { onTestFinished } from "vitest";

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

/** Answers with the formation's envelope around `data`. */
export const sendData = (response: ServerResponse, data: object, status = 200): void => {
  const body = {
    object: "test",
    timestamp: 1_700_000_000_000,
    type: "test.done",
    request: { id: "req_server", idempotency_key: null },
    success: true,
    error: null,
    data,
  };
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
};

/** Answers with the formation's error envelope. */
export const sendError = (
  response: ServerResponse,
  status: number,
  code: string,
  headers: Record<string, string> = {},
): void => {
  const body = {
    object: "error",
    timestamp: 1_700_000_000_000,
    type: "error.internal",
    request: { id: "req_server", idempotency_key: null },
    success: false,
    error: { code, message: `It is ${code}`, trace: null },
    data: {},
  };
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
};

/** Begins an event stream as this server does: with the id of the request in a header. */
export const openStream = (response: ServerResponse, headers: Record<string, string> = {}): void => {
  response.writeHead(200, { "content-type": "text/event-stream", ...headers });
  response.flushHeaders();
};

/** One numbered frame of a chat. */
export const frame = (number: number, event: { type: string } & Record<string, unknown>): string =>
  `id: ${number}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;

export const ids = { session_id: "sess_1", request_id: "req_1" };
export const progress = { type: "progress", ...ids, timestamp: 1_700_000_000 };
export const text = (piece: string) => ({ type: "text", text: piece });
export const done = {
  type: "done",
  ...ids,
  finish_reason: "stop",
  usage: { input_tokens: 1, output_tokens: 2, total_tokens: 3 },
  model: "builtin/extractive",
  agent_id: "hello",
  finished: true,
};

/** The frames of an answer, numbered from 1. */
export const answer = (...pieces: string[]): string[] =>
  [progress, ...pieces.map(text), done].map((event, index) => frame(index + 1, event));
