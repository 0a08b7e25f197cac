import { expect, test } from "vitest";
import { type ChatEvent, FormationClient } from "../src/index.ts";
import { answer, done, frame, openStream, progress, sendData, serve, text } from "./server.ts";

const clientOf = (url: string) => new FormationClient({ url, clientKey: "ck", adminKey: "ak" });

const collect = async (events: AsyncIterable<ChatEvent>): Promise<ChatEvent[]> => {
  const all: ChatEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
};

test("streams an answer, event by event", async () => {
  const server = await serve((_, response) => {
    openStream(response);
    response.end(`: keepalive\n\n${answer("Hel", "lo").join("")}`);
  });
  const stream = clientOf(server.url).chatStream({ message: "Hi" }, { userId: "user_123" });
  const events = await collect(stream);

  expect(events.map((event) => event.type)).toEqual(["progress", "text", "text", "done"]);
  expect(await stream.final()).toMatchObject({
    text: "Hello",
    session_id: "sess_1",
    model: "builtin/extractive",
  });
  expect(stream.cursor).toEqual({ sessionId: "sess_1", requestId: "req_1", after: 4 });

  const [request] = server.received;
  expect(request?.headers).toMatchObject({
    "x-muxi-client-key": "ck",
    "x-muxi-user-id": "user_123",
    "x-muxi-sdk": "typescript/0.1.0",
    "content-type": "application/json",
    accept: "text/event-stream",
  });
  expect(request?.headers["x-muxi-admin-key"]).toBeUndefined();
  expect(JSON.parse(request?.body ?? "")).toMatchObject({ message: "Hi", stream: true });
});

test("nothing is sent before a stream is read", async () => {
  const server = await serve((_, response) => void response.destroy());
  const stream = clientOf(server.url).chatStream({ message: "Hi" });
  expect(stream.requestId).toMatch(/^req_[0-9A-Za-z]{21}$/);
  await stream.return();
  expect(server.received).toEqual([]);
});

test("gives the whole text, its pieces, and batches", async () => {
  const server = await serve((_, response) => {
    openStream(response);
    response.end(answer("a", "b", "c").join(""));
  });
  const formation = clientOf(server.url);
  expect(await formation.chatStream({ message: "Hi" }).text()).toBe("abc");

  const pieces: string[] = [];
  for await (const piece of formation.chatStream({ message: "Hi" }).textStream()) pieces.push(piece);
  expect(pieces).toEqual(["a", "b", "c"]);

  const batches: ChatEvent[][] = [];
  for await (const batch of formation.chatStream({ message: "Hi" }).batches()) batches.push(batch);
  expect(batches.flat()).toHaveLength(5);
  expect(batches.length).toBeLessThan(5);
});

test("reads the frames of other servers", async () => {
  const token = (value: unknown) => `data: ${JSON.stringify({ token: value })}\n\n`;
  const owner = { session_id: "sess_ref", request_id: "req_ref" };
  const server = await serve((_, response) => {
    openStream(response);
    response.end(
      [
        ": keepalive\n\n",
        token({ type: "progress", content: "", stage: "init", ...owner }),
        token({ type: "content", content: "Hel", ...owner }),
        token("lo"),
        token({ type: "agent_handoff", agent_name: "Ada", ...owner }),
        token({ type: "completed", content: "Hello", ...owner }),
        'event: ui\ndata: {"ui":"broken"}\n\n',
        "event: done\n\n",
      ].join(""),
    );
  });
  const events = await collect(clientOf(server.url).chatStream({ message: "Hi" }));
  expect(events).toMatchObject([
    { type: "progress", stage: "init" },
    { type: "text", text: "Hel", ...owner },
    { type: "text", text: "lo" },
    { type: "unknown", kind: "agent_handoff", agent_name: "Ada" },
    { type: "unknown", kind: "completed" },
    { type: "ui", ui: [] },
    { type: "done", ...owner },
  ]);
});

test("takes the text of `completed` when it is the only one, or replaces all that came before", async () => {
  const stream = (...tokens: object[]) =>
    serve((_, response) => {
      openStream(response);
      const frames = tokens.map((value) => `data: ${JSON.stringify({ token: value })}\n\n`);
      response.end(`${frames.join("")}event: done\ndata: {"finished": true}\n\n`);
    });
  const only = await stream({ type: "completed", content: "All" });
  expect(await clientOf(only.url).chatStream({ message: "Hi" }).text()).toBe("All");

  const replaced = await stream(
    { type: "content", content: "Wro" },
    { type: "completed", content: "Right", stream_discontinuity: true },
  );
  expect(await clientOf(replaced.url).chatStream({ message: "Hi" }).text()).toBe("Right");
});

test("text and content are the same text in every event, and are passed on as they came", async () => {
  const events = [progress, { type: "thinking", content: "Hm" }, text("Hel"), text("lo"), done];
  const server = await serve((_, response) => {
    openStream(response);
    response.end(events.map((event, index) => frame(index + 1, event)).join(""));
  });
  const formation = clientOf(server.url);
  expect(await collect(formation.chatStream({ message: "Hi" }))).toMatchObject([
    { type: "progress" },
    { type: "thinking", content: "Hm", text: "Hm" },
    { type: "text", text: "Hel", content: "Hel" },
    { type: "text", text: "lo", content: "lo" },
    { type: "done" },
  ]);
  const passed = await formation.chatStream({ message: "Hi" }).toResponse().text();
  expect(passed).toContain('data: {"type":"text","text":"Hel"}\n');
});

test("a kind that a newer server sends arrives as unknown, with its fields", async () => {
  const server = await serve((_, response) => {
    openStream(response);
    response.end(frame(1, progress) + frame(2, { type: "hologram", depth: 3 }) + frame(3, done));
  });
  const events = await collect(clientOf(server.url).chatStream({ message: "Hi" }));
  expect(events[1]).toEqual({ type: "unknown", kind: "hologram", depth: 3 });
});

test("an error frame is thrown as the class that its code has before the headers", async () => {
  const server = await serve((_, response) => {
    openStream(response);
    const error = {
      type: "error",
      code: "LLM_RATE_LIMITED",
      message: "Slow down",
      error: "Slow down",
      retry_after: 7,
    };
    response.end(frame(1, progress) + frame(2, text("Hel")) + frame(3, error));
  });
  const stream = clientOf(server.url).chatStream({ message: "Hi" });
  const seen: string[] = [];
  const failure = (async () => {
    for await (const event of stream) seen.push(event.type);
  })();
  await expect(failure).rejects.toMatchObject({
    name: "RateLimitError",
    code: "LLM_RATE_LIMITED",
    message: "Slow down",
    retryAfter: 7,
    statusCode: 429,
    retryable: true,
    requestId: "req_1",
  });
  expect(seen).toEqual(["progress", "text"]);
  await expect(stream.final()).rejects.toMatchObject({ code: "LLM_RATE_LIMITED" });
  await expect(stream.next()).resolves.toEqual({ done: true, value: undefined });
});

test.each([
  [
    "break",
    async (stream: AsyncIterable<unknown>) => {
      for await (const _ of stream) break;
    },
  ],
  [
    "throw",
    async (stream: AsyncIterable<unknown>) => {
      const loop = async () => {
        for await (const _ of stream) throw new Error("enough");
      };
      await expect(loop()).rejects.toThrow("enough");
    },
  ],
  [
    "await using",
    async (stream: AsyncIterableIterator<unknown> & AsyncDisposable) => {
      await using held = stream;
      await held.next();
    },
  ],
])("leaving by %s stops the request and closes the socket", async (_, leave) => {
  let closed: Promise<void> | undefined;
  const server = await serve((request, response) => {
    if (request.method === "DELETE") return sendData(response, { status: "cancelled" });
    closed = new Promise((resolve) => response.on("close", resolve));
    openStream(response);
    response.write(frame(1, progress));
  });
  await leave(clientOf(server.url).chatStream({ message: "Hi" }, { userId: "u" }));
  await closed;
  const stop = server.received.at(-1);
  expect(stop?.method).toBe("DELETE");
  expect(stop?.url).toBe("/v1/requests/req_1");
  expect(stop?.headers["x-muxi-user-id"]).toBe("u");
});

test("an abort ends the reading, stops the request and closes the socket", async () => {
  let closed: Promise<void> | undefined;
  const server = await serve((request, response) => {
    if (request.method === "DELETE") return sendData(response, { status: "cancelled" });
    closed = new Promise((resolve) => response.on("close", resolve));
    openStream(response);
    response.write(frame(1, progress));
  });
  const caller = new AbortController();
  const stream = clientOf(server.url).chatStream({ message: "Hi" }, { signal: caller.signal });
  await stream.next();
  const reading = stream.next();
  caller.abort("changed my mind");
  await expect(reading).rejects.toMatchObject({ name: "AbortedError", cause: "changed my mind" });
  await closed;
  await server.arrival(({ method }) => method === "DELETE");
});

test("detach leaves without stopping, and another client goes on from the cursor", async () => {
  const frames = answer("Hel", "lo");
  let closed: Promise<void> | undefined;
  const server = await serve((request, response) => {
    openStream(response, { "x-muxi-request-id": "req_1" });
    if (request.method === "POST") {
      closed = new Promise((resolve) => response.on("close", resolve));
      response.write(frames.slice(0, 2).join(""));
    } else {
      response.end(frames.slice(Number(request.headers["last-event-id"])).join(""));
    }
  });
  const stream = clientOf(server.url).chatStream({ message: "Hi" }, { userId: "u" });
  await stream.next();
  const cursor = await stream.detach();
  await closed;
  expect(cursor).toEqual({ sessionId: "sess_1", requestId: "req_1", after: 1 });
  expect(await stream.next()).toEqual({ done: true, value: undefined });

  const kept = JSON.parse(JSON.stringify(cursor));
  expect(await clientOf(server.url).resumeChat(kept, { userId: "u" }).text()).toBe("Hello");
  expect(server.received.map(({ method, url }) => `${method} ${url}`)).toEqual([
    "POST /v1/chat",
    "GET /v1/events/sess_1/req_1",
  ]);
});

test("a stream that is passed on as a response is read like the first one", async () => {
  const upstream = await serve((_, response) => {
    openStream(response);
    const events = [progress, { type: "hologram", depth: 3 }, text("Hel"), text("lo"), done];
    response.end(events.map((event, index) => frame(index + 1, event)).join(""));
  });
  const middle = await serve(async (_, response) => {
    const { headers, body } = clientOf(upstream.url).chatStream({ message: "Hi" }).toResponse();
    response.writeHead(200, Object.fromEntries(headers));
    for await (const piece of body ?? []) response.write(piece);
    response.end();
  });
  const stream = clientOf(middle.url).chatStream({ message: "Hi" });
  await stream.next();
  expect((await stream.next()).value).toEqual({ type: "unknown", kind: "hologram", depth: 3 });
  expect(await stream.text()).toBe("Hello");
});

test("a stream that is passed on has comments while the formation is silent", async () => {
  const [first = "", ...others] = answer("Hel", "lo");
  let goOn = () => {};
  const upstream = await serve((_, response) => {
    openStream(response);
    response.write(first);
    goOn = () => response.end(others.join(""));
  });
  const comment = ": keepalive\n\n";
  const { body } = clientOf(upstream.url).chatStream({ message: "Hi" }).toResponse();
  const decoder = new TextDecoder();
  let passed = "";
  for await (const piece of body ?? []) {
    passed += decoder.decode(piece);
    if (passed.endsWith(comment.repeat(2))) goOn();
  }
  expect(passed.replaceAll(comment, "").match(/^event: \w+$/gm)).toEqual(
    ["progress", "text", "text", "done"].map((type) => `event: ${type}`),
  );
});

test("chat asks for one JSON answer", async () => {
  const server = await serve((request, response) => {
    const { request_id } = JSON.parse(request.body);
    sendData(response, { message: { role: "assistant", content: "Hello" }, request_id });
  });
  const result = await clientOf(server.url).chat({ message: "Hi" }, { userId: "u" });
  expect(result.message.content).toBe("Hello");
  expect(result.request_id).toMatch(/^req_/);
  expect(JSON.parse(server.received[0]?.body ?? "")).toMatchObject({ message: "Hi", stream: false });
});
