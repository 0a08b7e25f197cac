import { getEventListeners } from "node:events";
import { createServer, type Socket } from "node:net";
import { inspect } from "node:util";
import { gzipSync } from "node:zlib";
import { expect, onTestFinished, test, vi } from "vitest";
import { FormationClient, type FormationClientOptions, type MuxiError } from "../src/index.ts";
import { answer, done, frame, openStream, progress, sendData, sendError, serve, text } from "./server.ts";

const clientOf = (url: string, options: FormationClientOptions = {}) =>
  new FormationClient({ url, clientKey: "hidden-client-key", adminKey: "hidden-admin-key", ...options });

/** Keeps the pauses that the client takes before each retry. */
const pauses = () => {
  const delays: number[] = [];
  return { delays, hooks: { onRetry: ({ delay }: { delay: number }) => void delays.push(delay) } };
};

const failureOf = async (promise: Promise<unknown>): Promise<MuxiError> =>
  promise.then(
    () => {
      throw new Error("It succeeded");
    },
    (error) => error,
  );

const silence = () => {};

test("429 with Retry-After in seconds: waits as long as that", async () => {
  const { delays, hooks } = pauses();
  const server = await serve((_, response) => {
    if (server.received.length === 1) sendError(response, 429, "RATE_LIMITED", { "retry-after": "0.2" });
    else sendData(response, { status: "healthy" });
  });
  await clientOf(server.url, { maxRetries: 1, hooks }).health();
  expect(delays).toEqual([200]);
});

test("503 with Retry-After as a date: waits until then", async () => {
  const { delays, hooks } = pauses();
  const server = await serve((_, response) => {
    const headers = { date: "Mon, 30 Nov 2026 12:00:00 GMT", "retry-after": "Mon, 30 Nov 2026 12:00:01 GMT" };
    if (server.received.length === 1) sendError(response, 503, "SERVICE_UNAVAILABLE", headers);
    else sendData(response, { status: "healthy" });
  });
  await clientOf(server.url, { maxRetries: 1, hooks }).health();
  expect(delays).toEqual([1000]);
});

test("a Retry-After beyond the deadline fails at once and says how long", async () => {
  const server = await serve((_, response) =>
    sendError(response, 429, "RATE_LIMITED", { "retry-after": "3600" }),
  );
  const error = await failureOf(clientOf(server.url, { maxRetries: 5 }).health());
  expect(error).toMatchObject({
    name: "RateLimitError",
    retryAfter: 3600,
    statusCode: 429,
    requestId: "req_server",
  });
  expect(server.received).toHaveLength(1);
});

test("POST 500: as many attempts as asked for, all under one idempotency key", async () => {
  const server = await serve((_, response) =>
    sendError(response, 500, "INTERNAL_ERROR", { "retry-after": "0" }),
  );
  const formation = clientOf(server.url, { maxRetries: 2 });
  await expect(formation.chat({ message: "Hi" })).rejects.toMatchObject({
    name: "ServerError",
    retryable: true,
  });
  const keys = server.received.map(({ headers }) => headers["x-muxi-idempotency-key"]);
  expect(keys).toHaveLength(3);
  expect(new Set(keys).size).toBe(1);
  expect(keys[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);

  await expect(
    formation.chat({ message: "Hi" }, { idempotencyKey: "mine", maxRetries: 0 }),
  ).rejects.toThrow();
  expect(server.received.at(-1)?.headers["x-muxi-idempotency-key"]).toBe("mine");
});

test("a POST whose key the server does not keep is never repeated", async () => {
  const server = await serve((_, response) => sendError(response, 500, "INTERNAL_ERROR"));
  const restore = { sessionId: "sess_1", userId: "u", messages: [] };
  await expect(clientOf(server.url, { maxRetries: 3 }).restoreSession(restore)).rejects.toThrow(
    "INTERNAL_ERROR",
  );
  expect(server.received).toHaveLength(1);
});

test("POST reset before the reply: a named error, repeated only when asked, under the same key", async () => {
  const server = await serve((_, response, message) => {
    if (server.received.length < 3) message.socket.resetAndDestroy();
    else sendData(response, { message: { content: "Hello" } });
  });
  await expect(clientOf(server.url).chat({ message: "Hi" })).rejects.toMatchObject({
    name: "ConnectionError",
    code: "CONNECTION_ERROR",
    statusCode: 0,
  });
  expect(server.received).toHaveLength(1);

  await clientOf(server.url, { maxRetries: 1 }).chat({ message: "Hi" });
  const [, second, third] = server.received;
  expect(second?.headers["x-muxi-idempotency-key"]).toBe(third?.headers["x-muxi-idempotency-key"]);
});

test("headers sent, then the body stalls: the timeout holds", async () => {
  const server = await serve((_, response) => {
    response.writeHead(200, { "content-type": "application/json" });
    response.write('{"data":');
  });
  const error = await failureOf(clientOf(server.url, { timeout: 150 }).health());
  expect(error).toMatchObject({ name: "TimeoutError", code: "TIMEOUT", statusCode: 0 });
});

test("an error body that stalls does not outlast the timeout", async () => {
  const server = await serve((_, response) => {
    response.writeHead(500, { "content-type": "application/json" });
    response.write('{"error":');
  });
  await expect(clientOf(server.url, { timeout: 150 }).health()).rejects.toMatchObject({ code: "TIMEOUT" });
});

test("one deadline covers all attempts and the waits between them", async () => {
  const server = await serve((_, response) => sendError(response, 503, "SERVICE_UNAVAILABLE"));
  const error = await failureOf(clientOf(server.url, { timeout: 700, maxRetries: 50 }).health());
  expect(error).toMatchObject({ name: "ServerError", statusCode: 503 });
  // 0.5 s and then 1 s do not both fit.
  expect(server.received).toHaveLength(2);
});

test("a stream that goes silent is a typed error", async () => {
  const server = await serve((request, response) => {
    if (request.method === "DELETE") return sendData(response, {});
    openStream(response);
    response.write(`data: {"token": "Hel"}\n\n`);
  });
  const stream = clientOf(server.url, { idleTimeout: 150 }).chatStream({ message: "Hi" });
  await expect(stream.text()).rejects.toMatchObject({ name: "StreamIdleError", code: "STREAM_IDLE" });
});

test("keep-alive comments keep a silent stream alive", async () => {
  const server = await serve((_, response) => {
    openStream(response);
    response.write(frame(1, progress));
    let beats = 0;
    const timer = setInterval(() => {
      if (++beats < 8) return response.write(": keepalive\n\n");
      clearInterval(timer);
      response.end(frame(2, text("late")) + frame(3, done));
    }, 50);
  });
  expect(await clientOf(server.url, { idleTimeout: 300 }).chatStream({ message: "Hi" }).text()).toBe("late");
});

test("a stream closed in the middle of the answer is not taken for a whole one", async () => {
  const server = await serve((_, response) => {
    openStream(response);
    response.end(`data: {"token": "Hel"}\n\n`);
  });
  const seen: string[] = [];
  const reading = (async () => {
    for await (const event of clientOf(server.url).chatStream({ message: "Hi" })) seen.push(event.type);
  })();
  await expect(reading).rejects.toMatchObject({ name: "StreamTruncatedError", code: "STREAM_TRUNCATED" });
  expect(seen).toEqual(["text"]);
  await expect(clientOf(server.url).chatStream({ message: "Hi" }).final()).rejects.toMatchObject({
    name: "StreamTruncatedError",
  });
});

test("a stream cut within its last event is not taken for a whole one", async () => {
  const server = await serve((_, response) => {
    openStream(response);
    response.end(`data: {"token": "Hel"}\n\nevent: done\ndata: {"fini`);
  });
  await expect(clientOf(server.url).chatStream({ message: "Hi" }).text()).rejects.toMatchObject({
    name: "StreamTruncatedError",
  });
});

test("a last event without its blank line is delivered", async () => {
  const server = await serve((_, response) => {
    openStream(response);
    response.end(answer("Hello").join("").trimEnd());
  });
  expect(await clientOf(server.url).chatStream({ message: "Hi" }).text()).toBe("Hello");
});

test("a stream reset by TCP is a typed error", async () => {
  const server = await serve((_, response, message) => {
    openStream(response);
    response.write(`data: {"token": "Hel"}\n\n`, () => message.socket.resetAndDestroy());
  });
  const stream = clientOf(server.url).chatStream({ message: "Hi" });
  await expect(stream.text()).rejects.toMatchObject({ name: "ConnectionError", retryable: true });
});

test("a server that is not there is a typed error with its address", async () => {
  const free = createServer();
  await new Promise<void>((resolve) => free.listen(0, "127.0.0.1", resolve));
  const address = free.address();
  await new Promise((resolve) => free.close(resolve));
  const url = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
  const error = await failureOf(clientOf(url).health());
  expect(error.name).toBe("ConnectionError");
  expect(error.message).toContain(url);
  await expect(clientOf(url).chatStream({ message: "Hi" }).text()).rejects.toMatchObject({
    name: "ConnectionError",
  });
});

test("an error before the headers of a stream is thrown by the first read", async () => {
  const server = await serve((_, response) => sendError(response, 401, "UNAUTHORIZED"));
  await expect(clientOf(server.url).chatStream({ message: "Hi" }).next()).rejects.toMatchObject({
    name: "AuthenticationError",
    code: "UNAUTHORIZED",
  });
});

test("an answer that is no event stream is an error", async () => {
  const server = await serve((_, response) => sendData(response, { status: "processing" }, 202));
  await expect(clientOf(server.url).chatStream({ message: "Hi" }).next()).rejects.toMatchObject({
    code: "INVALID_RESPONSE",
  });
});

test("a page in place of JSON is an error, and no answer", async () => {
  const page = "<!doctype html><title>Log in</title>";
  const server = await serve((_, response) => {
    response.writeHead(200, { "content-type": "text/html" }).end(page);
  });
  await expect(clientOf(server.url).chat({ message: "Hi" })).rejects.toMatchObject({
    name: "MuxiError",
    statusCode: 200,
    code: "INVALID_RESPONSE",
    message: `Unexpected answer (text/html): ${page}`,
    retryable: false,
  });
  expect(server.received).toHaveLength(1);
});

test("40 calls on one signal leave no listener behind", async () => {
  const server = await serve((request, response) => {
    if (request.method === "GET") return sendData(response, { status: "healthy" });
    openStream(response);
    response.end(answer("Hello").join(""));
  });
  const { signal } = new AbortController();
  const formation = clientOf(server.url);
  await Promise.all(Array.from({ length: 20 }, () => formation.health({ signal })));
  await Promise.all(
    Array.from({ length: 20 }, () => formation.chatStream({ message: "Hi" }, { signal }).text()),
  );
  expect(getEventListeners(signal, "abort")).toEqual([]);
});

test("an aborted call rejects with the reason as its cause", async () => {
  const server = await serve(silence);
  const caller = new AbortController();
  const call = failureOf(clientOf(server.url).health({ signal: caller.signal }));
  await server.arrival(() => true);
  caller.abort(new Error("enough"));
  expect(await call).toMatchObject({ name: "AbortedError", cause: { message: "enough" }, retryable: false });
  await expect(clientOf(server.url).health({ signal: caller.signal })).rejects.toMatchObject({
    name: "AbortedError",
  });
  expect(server.received).toHaveLength(1);
});

test("nothing prints a key: neither the client, nor an error, nor the debug log", async () => {
  const lines: string[] = [];
  const log = vi.spyOn(console, "error").mockImplementation((...args) => void lines.push(args.join(" ")));
  onTestFinished(() => log.mockRestore());
  const server = await serve((_, response) =>
    sendError(response, 503, "SERVICE_UNAVAILABLE", { "retry-after": "0" }),
  );
  const formation = clientOf(server.url, { debug: true, maxRetries: 1 });
  const error = await failureOf(formation.chat({ message: "Hi" }));
  const stream = formation.chatStream({ message: "Hi" });
  const printed = [formation, formation.as("u"), formation.memories, formation.scheduler.jobs, error, stream]
    .flatMap((value) => [inspect(value, { depth: 20, showHidden: true }), JSON.stringify(value)])
    .concat(lines);
  expect(printed.join("\n")).not.toContain("hidden-");
  expect(lines).toHaveLength(3);
});

test("a stream that is cut goes on where it was, again and again", async () => {
  const frames = answer("a", "b", "c", "d");
  const server = await serve((request, response, message) => {
    openStream(response, { "x-muxi-request-id": "req_1" });
    const after = Number(request.headers["last-event-id"] ?? 0);
    // Each connection repeats an event that was seen, adds two, and breaks.
    const piece = frames.slice(Math.max(0, after - 1), after + 2).join("");
    if (after + 2 >= frames.length) response.end(piece);
    else if (after === 2) response.write(piece, () => message.socket.resetAndDestroy());
    else response.end(piece);
  });
  const stream = clientOf(server.url).chatStream({ message: "Hi" }, { userId: "u" });
  const types: string[] = [];
  for await (const event of stream) types.push(event.type);
  expect(types).toEqual(["progress", "text", "text", "text", "text", "done"]);
  expect((await stream.final()).text).toBe("abcd");
  expect(server.received.map(({ method }) => method)).toEqual(["POST", "GET", "GET"]);
  expect(server.received[1]?.headers["x-muxi-user-id"]).toBe("u");
});

test("a stream that goes silent goes on over a new connection", async () => {
  const frames = answer("a", "b");
  const server = await serve((request, response) => {
    openStream(response, { "x-muxi-request-id": "req_1" });
    if (request.method === "POST") response.write(frames.slice(0, 2).join(""));
    else response.end(frames.slice(2).join(""));
  });
  expect(await clientOf(server.url, { idleTimeout: 150 }).chatStream({ message: "Hi" }).text()).toBe("ab");
});

test("an event that is missing is asked for again", async () => {
  const frames = answer("a", "b", "c");
  const server = await serve((request, response) => {
    openStream(response);
    const first = request.method === "POST";
    response.end(first ? frames.toSpliced(2, 1).join("") : frames.slice(2).join(""));
  });
  expect(await clientOf(server.url).chatStream({ message: "Hi" }).text()).toBe("abc");
  expect(server.received[1]?.headers["last-event-id"]).toBe("2");
});

test("an event that is missing before a failure is asked for again, too", async () => {
  const failed = { type: "error", code: "LLM_ERROR", message: "It broke", error: "It broke" };
  const frames = [progress, text("a"), text("b"), failed].map((event, index) => frame(index + 1, event));
  const server = await serve((request, response) => {
    openStream(response);
    const first = request.method === "POST";
    response.end(first ? frames.toSpliced(2, 1).join("") : frames.slice(2).join(""));
  });
  const pieces: string[] = [];
  const read = async () => {
    for await (const piece of clientOf(server.url).chatStream({ message: "Hi" }).textStream())
      pieces.push(piece);
  };
  await expect(read()).rejects.toMatchObject({ code: "LLM_ERROR" });
  expect(pieces).toEqual(["a", "b"]);
});

test("an answer that begins anew leaves numbers out, and only there is none of them asked for", async () => {
  const restarted = { ...progress, stage: "restarted" };
  const server = await serve((_, response) => {
    openStream(response);
    const again = [restarted, { ...text("new"), replace: true }, done];
    response.end(
      [...answer("old").slice(0, 2), ...again.map((event, index) => frame(index + 9, event))].join(""),
    );
  });
  expect(await clientOf(server.url).chatStream({ message: "Hi" }).text()).toBe("new");
  expect(server.received).toHaveLength(1);

  const quoting = await serve((request, response) => {
    openStream(response);
    const frames = [progress, text("a"), { ...text("b"), ui: { stage: "restarted" } }, done].map(
      (event, index) => frame(index + 1, event),
    );
    response.end(request.method === "POST" ? frames.toSpliced(1, 1).join("") : frames.slice(1).join(""));
  });
  expect(await clientOf(quoting.url).chatStream({ message: "Hi" }).text()).toBe("ab");
  expect(quoting.received).toHaveLength(2);
});

test("a stream whose events are gone says that it was cut, and why it cannot go on", async () => {
  const server = await serve((request, response) => {
    if (request.method === "GET") return sendError(response, 404, "REQUEST_NOT_FOUND");
    openStream(response, { "x-muxi-request-id": "req_1" });
    response.end(frame(1, progress));
  });
  await expect(clientOf(server.url).chatStream({ message: "Hi" }).text()).rejects.toMatchObject({
    name: "StreamTruncatedError",
    cause: { name: "NotFoundError", code: "REQUEST_NOT_FOUND" },
  });
});

test("an answer that is not HTTP is a typed error", async () => {
  const sockets = new Set<Socket>();
  const garbage = createServer((socket) => {
    sockets.add(socket);
    socket.end("\u0000\u0001 nonsense\r\n\r\n");
  });
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    garbage.close();
  });
  await new Promise<void>((resolve) => garbage.listen(0, "127.0.0.1", resolve));
  const address = garbage.address();
  const url = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
  await expect(clientOf(url).health()).rejects.toMatchObject({ name: "ConnectionError" });
});

test("a redirect is not followed: the key stays with the server that it is for", async () => {
  const other = await serve((_, response) => sendData(response, { status: "healthy" }));
  const server = await serve((_, response) => {
    response.writeHead(307, { location: `${other.url}/v1/elsewhere` }).end();
  });
  const error = await failureOf(clientOf(server.url, { maxRetries: 2 }).getStatus());
  expect(error).toMatchObject({ name: "MuxiError", statusCode: 307, retryable: false });
  expect(error.message).toContain(`${other.url}/v1/elsewhere`);
  await expect(clientOf(server.url).chatStream({ message: "Hi" }).next()).rejects.toMatchObject({
    statusCode: 307,
  });
  expect(other.received).toEqual([]);
});

test("a Retry-After date is read by the server's clock, not by ours", async () => {
  const { delays, hooks } = pauses();
  const server = await serve((_, response) => {
    const now = Date.parse("2001-01-01T00:00:00Z");
    const headers = {
      date: new Date(now).toUTCString(),
      "retry-after": new Date(now + 1000).toUTCString(),
    };
    if (server.received.length === 1) sendError(response, 503, "SERVICE_UNAVAILABLE", headers);
    else sendData(response, { status: "healthy" });
  });
  await clientOf(server.url, { maxRetries: 1, hooks }).health();
  expect(delays).toEqual([1000]);
});

test("headers without end are a typed error", async () => {
  const server = await serve((_, response, message) => {
    const { socket } = message;
    socket.on("error", silence);
    socket.write("HTTP/1.1 200 OK\r\n");
    const pour = () => {
      while (!socket.destroyed && socket.write(`x-pad: ${"x".repeat(1000)}\r\n`));
    };
    socket.on("drain", pour);
    pour();
    response.on("close", silence);
  });
  await expect(clientOf(server.url).health()).rejects.toMatchObject({ name: "ConnectionError" });
});

test("an error body that unpacks to a thousand times its size is read only in part", async () => {
  const bomb = gzipSync(Buffer.alloc(256 * 1024 * 1024, "x"), { level: 1 });
  const server = await serve((_, response) => {
    response.writeHead(500, { "content-encoding": "gzip", "content-length": bomb.length });
    response.end(bomb);
  });
  const before = process.memoryUsage().rss;
  const error = await failureOf(clientOf(server.url).health());
  expect(String(error.details).length).toBeLessThan(100_000);
  expect(process.memoryUsage().rss - before).toBeLessThan(100 * 1024 * 1024);
});

test("an error body without end is read only in part", async () => {
  const server = await serve((_, response) => {
    response.writeHead(500, { "content-type": "text/plain" });
    const pour = () => {
      while (!response.destroyed && response.write("x".repeat(65_536)));
    };
    response.on("drain", pour);
    pour();
  });
  const error = await failureOf(clientOf(server.url).health());
  expect(error.message).toBe(`Unexpected answer (text/plain): ${"x".repeat(200)}`);
  expect(error.statusCode).toBe(500);
});
