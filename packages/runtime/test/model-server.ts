import { once } from "node:events";
import http from "node:http";
import { setImmediate as nextTick } from "node:timers/promises";
import * as z from "zod";
import { type Answer, type Wire, wireOf } from "./model-wires.ts";

/** What the server does with one request: an answer, a failure, or something in between. */
export interface Reply extends Partial<Answer> {
  /** Answers with this status and `body` instead of a stream. */
  status?: number;
  /** Further headers of the response, such as `retry-after`. */
  headers?: Record<string, string>;
  /** What an error response holds. Default: an error object of the provider's kind. */
  body?: string;
  /** Waits for this before the headers. */
  before?: Promise<unknown>;
  /** Writes the stream in pieces of so many bytes, each its own read for the client where the network allows it. */
  pieceBytes?: number;
  /** Closes the socket after so many events of the stream. The first one of OpenAI and Anthropic holds no text. */
  cutAfter?: number;
  /** Sends nothing more after so many events of the stream, and leaves the connection open. */
  stallAfter?: number;
  /** Waits after so many events of the stream, and then sends the others. */
  pause?: { after: number; until: Promise<unknown> };
  /** Ends the response properly after so many events. */
  endAfter?: number;
  /** Sends this as an error event after `errorAfter` events (default 0), then ends the response. */
  error?: object;
  errorAfter?: number;
}

/** A request as it came over the wire. */
export interface ReceivedRequest {
  method: string;
  path: string;
  headers: http.IncomingHttpHeaders;
  /** The bytes of the body. */
  bytes: Buffer;
  /** The body, parsed. */
  body: unknown;
  /** The port that the client's connection came from: equal for requests that shared one. */
  clientPort: number;
  /** Resolves when the response is over: `sent` whole, or `aborted` because either side closed the socket. */
  over: Promise<"sent" | "aborted">;
}

/** What the user wrote, of a message as the model reads it: behind what was gathered for it. */
export const writtenIn = (content: string): string => content.split("[End of the context]\n\n").at(-1) ?? "";

export type ReplyScript = Reply | ((request: ReceivedRequest) => Reply);

/** A model provider for tests: a real HTTP server that speaks the streams of OpenAI, Anthropic and Google. */
export interface ModelServer {
  /** `http://127.0.0.1:PORT`. Add `/v1` (OpenAI, Anthropic) or `/v1beta` (Google) for a base URL. */
  readonly url: string;
  /** All requests so far, oldest first. */
  readonly requests: ReceivedRequest[];
  /** Answers whatever `reply` did not plan for. Initially the text "Hello from the model." */
  defaultReply: ReplyScript;
  /** Requests in the background, which look for facts in conversations or embed texts; they are not in `requests`. */
  readonly background: ReceivedRequest[];
  /** Answers requests for facts. Initially that there are none. */
  factsReply: ReplyScript;
  /** Answers requests for the summary of a session. Initially an empty one. They are in `summaries` alone. */
  summaryReply: ReplyScript;
  readonly summaries: ReceivedRequest[];
  /** Answers requests for the agent that fits a message; they are in `routing` alone. Initially that it names none. */
  routingReply: ReplyScript;
  readonly routing: ReceivedRequest[];
  /** The vector of a text. */
  embed: (text: string) => number[];
  /** Plans the answers of the next requests, one each. */
  reply(...replies: ReplyScript[]): void;
  /** The request number `index`, from 0, as soon as it is here. */
  request(index: number): Promise<ReceivedRequest>;
  /** Closes the server and every connection. */
  close(): Promise<void>;
}

const answerFormat = z.looseObject({ response_format: z.unknown(), output_config: z.unknown() }).partial();

/**
 * Whether the answer is to be an object with this property: facts, an agent or a summary (docs/spec/formation-files.md
 * "Routing", "Learning" and "Long conversations").
 */
const asksFor = ({ body }: ReceivedRequest, property: string): boolean => {
  const { data } = answerFormat.safeParse(body);
  return JSON.stringify([data?.response_format, data?.output_config]).includes(`"${property}"`);
};

const embeddingsSchema = z.object({ input: z.array(z.string()) });

const readBody = async (message: http.IncomingMessage): Promise<Buffer> => {
  const pieces: Buffer[] = [];
  for await (const piece of message) pieces.push(piece);
  return Buffer.concat(pieces);
};

const parse = (bytes: Buffer): unknown => {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    return undefined;
  }
};

const eventsOf = (wire: Wire, reply: Reply): string[] => {
  const events = wire.events({ text: ["Hello from", " the model."], ...reply });
  if (reply.error) return [...events.slice(0, reply.errorAfter ?? 0), wire.error(reply.error)];
  return events.slice(0, reply.cutAfter ?? reply.stallAfter ?? reply.endAfter);
};

const writeStream = async (response: http.ServerResponse, reply: Reply, bytes: Buffer): Promise<void> => {
  const pieceBytes = reply.pieceBytes ?? bytes.length;
  for (let start = 0; start < bytes.length && !response.destroyed; start += pieceBytes) {
    response.write(bytes.subarray(start, start + pieceBytes));
    if (reply.pieceBytes !== undefined) await nextTick();
  }
  if (reply.stallAfter !== undefined) return;
  // `destroySoon` lets the client see the events before the end of the connection.
  if (reply.cutAfter !== undefined) response.socket?.destroySoon();
  else response.end();
};

/**
 * Starts a model server on a free port.
 *
 * @example
 * const server = await startModelServer();
 * server.reply({ status: 429, headers: { "retry-after": "1" } }, { text: ["Hel", "lo"] });
 * server.defaultReply = ({ body }) => ({ text: [JSON.stringify(body)] });
 * // … a model with settings.baseUrl `${server.url}/v1` …
 * await server.close();
 */
export const startModelServer = async (): Promise<ModelServer> => {
  const planned: ReplyScript[] = [];
  const requests: ReceivedRequest[] = [];
  const background: ReceivedRequest[] = [];
  const routing: ReceivedRequest[] = [];
  const summaries: ReceivedRequest[] = [];
  const arrivals = new EventTarget();

  const handle = async (message: http.IncomingMessage, response: http.ServerResponse): Promise<void> => {
    const bytes = await readBody(message);
    const request: ReceivedRequest = {
      method: message.method ?? "",
      path: message.url ?? "",
      headers: message.headers,
      bytes,
      body: parse(bytes),
      clientPort: message.socket.remotePort ?? 0,
      over: once(response, "close").then(() => (response.writableFinished ? "sent" : "aborted")),
    };
    if (request.path.endsWith("/embeddings")) {
      background.push(request);
      const { input } = embeddingsSchema.parse(request.body);
      const vectors = input.map((text, index) => ({ index, embedding: server.embed(text) }));
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ data: vectors }));
      return;
    }
    const isBackground = asksFor(request, "facts");
    const isRouting = asksFor(request, "agent");
    const isSummary = asksFor(request, "summary");
    (isBackground ? background : isRouting ? routing : isSummary ? summaries : requests).push(request);
    arrivals.dispatchEvent(new Event("request"));
    const script = isBackground
      ? server.factsReply
      : isRouting
        ? server.routingReply
        : isSummary
          ? server.summaryReply
          : (planned.shift() ?? server.defaultReply);
    const reply = typeof script === "function" ? script(request) : script;
    await reply.before;

    const wire = wireOf(request.path);
    if (!wire || reply.status !== undefined) {
      const body = reply.body ?? JSON.stringify({ error: { message: "planned by the test" } });
      response
        .writeHead(reply.status ?? 404, { "content-type": "application/json", ...reply.headers })
        .end(body);
      return;
    }
    response.writeHead(200, { "content-type": "text/event-stream", ...reply.headers });
    response.flushHeaders();
    const events = eventsOf(wire, reply);
    if (reply.pause) {
      response.write(events.splice(0, reply.pause.after).join(""));
      await reply.pause.until;
    }
    await writeStream(response, reply, Buffer.from(events.join("")));
  };

  const listener = http.createServer((message, response) => {
    handle(message, response).catch((error) => response.destroy(error));
  });
  await once(listener.listen(0, "127.0.0.1"), "listening");
  const address = listener.address();
  if (address === null || typeof address === "string") throw new Error("The model server has no port");

  const server: ModelServer = {
    url: `http://127.0.0.1:${address.port}`,
    requests,
    background,
    defaultReply: {},
    routing,
    routingReply: { text: ['{"agent":""}'] },
    summaryReply: { text: ['{"summary":""}'] },
    summaries,
    factsReply: { text: ['{"facts":[]}'] },
    embed: (text) => [text.length],
    reply: (...replies) => {
      planned.push(...replies);
    },
    async request(index) {
      while (true) {
        const request = requests[index];
        if (request) return request;
        await once(arrivals, "request");
      }
    },
    async close() {
      const closed = once(listener, "close");
      listener.close();
      listener.closeAllConnections();
      await closed;
    },
  };
  return server;
};
