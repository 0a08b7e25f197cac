import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";

/** A request that the command has sent. */
export interface Received {
  /** `POST /rpc/formations`, without the query. */
  call: string;
  url: string;
  headers: IncomingMessage["headers"];
  body: Buffer;
}

type Answer = (response: ServerResponse, received: Received) => void | Promise<void>;

/** A control plane that answers as a test wants it to, and remembers what it was asked. */
export interface FakeServer {
  url: string;
  received: Received[];
  calls(): string[];
  /** Sets the answer to a call. */
  on(call: string, answer: Answer): void;
  close(): Promise<void>;
}

export const json =
  (body: unknown, status = 200): Answer =>
  (response) => {
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  };

export const data = (value: unknown): Answer => json({ success: true, data: value });

export const refusal = (status: number, message: string, error = "Error"): Answer =>
  json({ error, message, code: status }, status);

export const frame = (event: string, value: unknown): string =>
  `event: ${event}\ndata: ${JSON.stringify(value)}\n\n`;

/** Sends events and ends; what is not an event is sent as it is. */
export const events =
  (...all: readonly (readonly [event: string, value: unknown])[]): Answer =>
  (response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.end(all.map(([event, value]) => frame(event, value)).join(""));
  };

export const createFakeServer = async (): Promise<FakeServer> => {
  const answers = new Map<string, Answer>([
    ["GET /health", json({ success: true, status: "ok", version: "1.2.3" })],
    ["GET /ping", (response) => void response.end("pong")],
  ]);
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    const url = request.url ?? "";
    const call = `${request.method} ${url.split("?")[0]}`;
    const one = { call, url, headers: request.headers, body: await buffer(request) };
    received.push(one);
    await (answers.get(call) ?? refusal(404, `nothing for ${call}`, "Not Found"))(response, one);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}`,
    received,
    calls: () => received.map(({ call }) => call),
    on: (call, answer) => answers.set(call, answer),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
};
