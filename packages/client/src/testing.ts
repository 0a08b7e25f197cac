/** A server in memory, for tests of programs that use this package: it answers, fails, stalls and cuts as told. */
import type { Fetch } from "./http/send.ts";

/** A request that the program has sent. */
export interface TestRequest {
  /** HTTP method. */
  method: string;
  /** Path and query. */
  path: string;
  /** Headers, their names in lower case. */
  headers: Record<string, string>;
  /** The body, read as JSON; undefined without one. */
  json: unknown;
}

/** An event as the server sends it, such as a `ChatEvent`. */
export interface TestEvent {
  /** Kind of the event, which also names its frame. */
  type: string;
}

/** How a scripted stream goes. */
export interface StreamScript {
  /** How the stream ends: closed by the server (default), broken off by the network, or not at all. */
  end?: "close" | "reset" | "stall";
  /** The number of each event; to repeat or to swap some, list both events and ids so. Default 1, 2, 3 … */
  ids?: readonly number[];
}

/** Answers are given in the order in which they were scripted, one to each request. */
export interface TestServer {
  /** For the option `fetch` of a client. */
  fetch: Fetch;
  /** What was sent so far. */
  requests: TestRequest[];
  /** Answers with `data` in the formation's envelope. */
  reply(data: object, status?: number): TestServer;
  /** Answers with an error in the formation's envelope. `retryAfter`: seconds or an HTTP date. */
  fail(status: number, code: string, retryAfter?: number | string): TestServer;
  /** Answers with a stream of events. */
  stream(events: readonly TestEvent[], script?: StreamScript): TestServer;
  /** Breaks the connection before an answer. */
  reset(): TestServer;
  /** Never answers. */
  stall(): TestServer;
}

/** Answers one request. */
type Responder = (signal: AbortSignal) => Response | Promise<Response>;

/** What `fetch` says when a connection breaks. */
const networkError = () => new TypeError("fetch failed", { cause: new Error("read ECONNRESET") });

const untilAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    else signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });

const jsonResponse = (status: number, body: object, headers: Record<string, string> = {}): Response =>
  Response.json(
    {
      object: "test",
      timestamp: Date.now(),
      type: "test",
      request: { id: "req_test", idempotency_key: null },
      ...body,
    },
    { status, headers },
  );

const streamResponse = (
  events: readonly TestEvent[],
  script: StreamScript,
  signal: AbortSignal,
): Response => {
  const { end = "close", ids = events.map((_, index) => index + 1) } = script;
  const encoder = new TextEncoder();
  const frames = events.map((event, index) =>
    encoder.encode(`id: ${ids[index]}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`),
  );
  let next = 0;
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      untilAborted(signal).catch((reason) => controller.error(reason));
    },
    pull(controller) {
      const frame = frames[next++];
      if (frame !== undefined) return controller.enqueue(frame);
      if (end === "close") controller.close();
      else if (end === "reset") controller.error(networkError());
      // A stall is to add nothing, and to be asked no more.
    },
  });
  // The header tells the client that it can go on after a cut.
  const headers = { "content-type": "text/event-stream", "x-muxi-request-id": "req_test" };
  return new Response(body, { headers });
};

/**
 * Makes a server in memory. A request beyond the script fails, but for a `DELETE` of a request: the client sends it
 * by itself when a stream is left.
 *
 * @example
 * const server = createTestServer()
 *   .stream([{ type: "progress", session_id: "s", request_id: "r" }], { end: "reset" })
 *   .fail(429, "RATE_LIMITED", 2);
 * const formation = new FormationClient({ url: "http://test", clientKey: "test", fetch: server.fetch });
 */
export const createTestServer = (): TestServer => {
  const script: Responder[] = [];
  const requests: TestRequest[] = [];
  const add = (responder: Responder): TestServer => {
    script.push(responder);
    return server;
  };
  const responderTo = ({ method, path }: TestRequest): Responder => {
    if (method === "DELETE" && path.includes("/requests/")) {
      return () => jsonResponse(200, { success: true, error: null, data: { status: "cancelled" } });
    }
    const responder = script.shift();
    if (responder === undefined) throw new Error(`The script of the test has no answer to ${method} ${path}`);
    return responder;
  };

  const server: TestServer = {
    requests,
    async fetch(url, init) {
      const { pathname, search } = new URL(url);
      const request = {
        method: init.method ?? "GET",
        path: pathname + search,
        headers: Object.fromEntries(new Headers(init.headers)),
        json: typeof init.body === "string" ? JSON.parse(init.body) : undefined,
      };
      requests.push(request);
      const signal = init.signal ?? new AbortController().signal;
      signal.throwIfAborted();
      return responderTo(request)(signal);
    },
    reply: (data, status = 200) => add(() => jsonResponse(status, { success: true, error: null, data })),
    fail: (status, code, retryAfter) =>
      add(() => {
        const headers = retryAfter === undefined ? {} : { "retry-after": String(retryAfter) };
        const error = { code, message: `The test says ${code}`, trace: null };
        return jsonResponse(status, { success: false, error, data: {} }, headers);
      }),
    stream: (events, options = {}) => add((signal) => streamResponse(events, options, signal)),
    reset: () => add(() => Promise.reject(networkError())),
    stall: () => add(untilAborted),
  };
  return server;
};
