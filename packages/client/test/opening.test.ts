import { expect, test } from "vitest";
import { type ChatEvent, FormationClient, MuxiError } from "../src/index.ts";
import { answer, frame, openStream, progress, sendError, serve, text } from "./server.ts";

const clientOf = (url: string) => new FormationClient({ url, clientKey: "ck", userId: "u" });

const frames = answer("Hel", "lo");

/** Answers a chat, and follows it from any number. `posted` resolves when the connection of the chat has closed. */
const serveChat = async () => {
  let left = () => {};
  const posted = new Promise<void>((resolve) => {
    left = resolve;
  });
  const server = await serve((request, response) => {
    openStream(response, { "x-muxi-request-id": "req_1" });
    if (request.method === "POST") {
      response.on("close", left);
      response.write(frames[0] ?? "");
    } else {
      response.end(frames.slice(Number(request.headers["last-event-id"])).join(""));
    }
  });
  const calls = () => server.received.map(({ method, url }) => `${method} ${url}`);
  return { ...server, posted, calls };
};

const start = { sessionId: "sess_1", requestId: "req_1", after: 0 };

test("read and detached in one tick, the message is sent, and its answer is there from the cursor", async () => {
  const server = await serveChat();
  const formation = clientOf(server.url);
  const stream = formation.chatStream({ message: "Hi" });
  const reading: ChatEvent[][] = [];
  const read = (async () => {
    for await (const events of stream.batches()) reading.push(events);
  })();
  const cursor = await stream.detach();
  await Promise.all([read, server.posted]);
  expect(cursor).toEqual(start);
  expect(reading).toEqual([]);
  expect(server.calls()).toEqual(["POST /v1/chat"]);
  expect(await formation.resumeChat(start).text()).toBe("Hello");
});

test("a stream that nobody has read is sent when it is detached", async () => {
  const server = await serveChat();
  const stream = clientOf(server.url).chatStream({ message: "Hi" });
  expect(await stream.detach()).toEqual(start);
  await server.posted;
  expect(await stream.next()).toEqual({ done: true, value: undefined });
  expect(server.calls()).toEqual(["POST /v1/chat"]);
});

test("there is no cursor of a request that the server has not taken", async () => {
  const refusing = await serve((_, response) => sendError(response, 422, "VALIDATION_ERROR"));
  const stream = clientOf(refusing.url).chatStream({ message: "Hi", session_id: "mine" });
  expect(stream.cursor).toBeUndefined();
  expect(await stream.detach()).toBeUndefined();
  expect(stream.cursor).toBeUndefined();
  expect(await stream.opened).toMatchObject({ status: 422, error: { code: "VALIDATION_ERROR" } });

  const nowhere = clientOf("http://127.0.0.1:9").chatStream({ message: "Hi", session_id: "mine" });
  expect(await nowhere.detach()).toBeUndefined();
  expect(await nowhere.opened).toMatchObject({ status: 0, error: { name: "ConnectionError" } });
});

test("a session that was named before is enough for a cursor once the request has arrived", async () => {
  const server = await serve((_, response) => openStream(response, { "x-muxi-request-id": "req_1" }));
  const stream = clientOf(server.url).chatStream({ message: "Hi", session_id: "mine", request_id: "r" });
  expect(await stream.detach()).toEqual({ sessionId: "mine", requestId: "r", after: 0 });
});

test("opened tells status and headers, and takes nothing from the reader", async () => {
  const server = await serve((_, response) => {
    openStream(response, { "x-muxi-request-id": "req_1" });
    response.end(frames.join(""));
  });
  const stream = clientOf(server.url).chatStream({ message: "Hi" });
  const [{ status, headers, error }] = await Promise.all([stream.opened, stream.opened]);
  expect([status, headers?.get("x-muxi-request-id"), error]).toEqual([200, "req_1", undefined]);
  expect(stream.position).toBe(0);
  expect(stream.toResponse().status).toBe(200);
  expect(await stream.text()).toBe("Hello");
  expect((await stream.opened).status).toBe(200);
  expect(server.received).toHaveLength(1);
});

test.each<[number, string, Record<string, string>, string]>([
  [401, "UNAUTHORIZED", {}, "AuthenticationError"],
  [422, "VALIDATION_ERROR", {}, "ValidationError"],
  [429, "LLM_RATE_LIMITED", { "retry-after": "7" }, "RateLimitError"],
])("a refusal with %i is passed on with its status", async (status, code, headers, name) => {
  const upstream = await serve((_, response) => sendError(response, status, code, headers));
  const middle = await serve(async (_, response) => {
    const stream = clientOf(upstream.url).chatStream({ message: "Hi" });
    await stream.opened;
    const passed = stream.toResponse();
    response.writeHead(passed.status, Object.fromEntries(passed.headers)).end(await passed.text());
  });
  await expect(clientOf(middle.url).chatStream({ message: "Hi" }).text()).rejects.toMatchObject({
    name,
    statusCode: status,
    code,
    message: `It is ${code}`,
    retryAfter: headers["retry-after"] === undefined ? undefined : 7,
  });
});

test("where the formation is stays unknown to who reads what is passed on", async () => {
  const stream = clientOf("http://127.0.0.1:9").chatStream({ message: "Hi" });
  expect((await stream.opened).error).toBeInstanceOf(MuxiError);
  const refusal = stream.toResponse();
  expect(refusal.status).toBe(502);
  expect(await refusal.json()).toEqual({ error: { code: "CONNECTION_ERROR", message: "The stream failed" } });

  const upstream = await serve((_, response, message) => {
    openStream(response);
    response.write(frame(1, progress) + frame(2, text("Hel")), () => message.socket.resetAndDestroy());
  });
  const cut = clientOf(upstream.url).chatStream({ message: "Hi" }, { resumeTimeout: 0 });
  const body = await cut.toResponse().text();
  expect(body).toContain('"code":"CONNECTION_ERROR","message":"The stream failed"');
  expect(body).not.toContain("127.0.0.1");
});
