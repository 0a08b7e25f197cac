/**
 * An in-memory server for tests of programs that use this package. It responds, fails, stalls and disconnects as
 * scripted.
 */
import type { Fetch } from "./http/index.ts";

/** A request that the program has sent. */
export interface TestRequest {
  /** HTTP method. */
  method: string;
  /** Path and query. */
  path: string;
  /** Headers, their names in lower case. */
  headers: Record<string, string>;
  /** The body, parsed as JSON. Undefined when there was none. */
  json: unknown;
}

/** An event as the server sends it, such as a `ChatEvent`. */
export interface TestEvent {
  /** Kind of the event, which also names its frame. */
  type: string;
}

/** How a scripted stream behaves. */
export interface StreamScript {
  /** How the stream ends: closed by the server (default), cut by the network, or not at all. */
  end?: "close" | "reset" | "stall" | undefined;
  /**
   * The number of each event. Default 1, 2, 3 … Events that repeat or swap places are listed with their ids in
   * that order.
   */
  ids?: readonly number[] | undefined;
}

/** Responds in the order in which the responses were scripted, once per request. */
export interface TestServer {
  /** For the option `fetch` of a client. */
  fetch: Fetch;
  /** The requests that were received so far. */
  requests: TestRequest[];
  /** Responds with `data` in the formation's envelope. `status`: default 200. */
  reply(data: object, status?: number): TestServer;
  /** Responds with an error in the formation's envelope. `retryAfter`: seconds or an HTTP date. */
  fail(status: number, code: string, retryAfter?: number | string): TestServer;
  /** Responds with a stream of events. */
  stream<Event extends TestEvent>(events: readonly Event[], script?: StreamScript): TestServer;
  /** Breaks the connection before a response. */
  reset(): TestServer;
  /** Never responds. */
  stall(): TestServer;
}

/** Responds to one request. */
type Responder = (signal: AbortSignal) => Response | Promise<Response>;

/** The error of `fetch` for a broken connection. */
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
      // To stall, add nothing: the stream does not ask again.
    },
  });
  // This header tells the client that it can resume after a cut.
  const headers = { "content-type": "text/event-stream", "x-muxi-request-id": "req_test" };
  return new Response(body, { headers });
};

/**
 * Creates an in-memory server. A request that is not in the script fails, except the `DELETE` of a request, which the
 * client sends by itself when a stream is left early.
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
    if (responder === undefined)
      throw new Error(`The test server has no response scripted for ${method} ${path}`);
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
        const error = { code, message: `Scripted error ${code}`, trace: null };
        return jsonResponse(status, { success: false, error, data: {} }, headers);
      }),
    stream: (events, options = {}) => add((signal) => streamResponse(events, options, signal)),
    reset: () => add(() => Promise.reject(networkError())),
    stall: () => add(untilAborted),
  };
  return server;
};
