import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { fuzzing } from "../../../test/fuzzing.ts";
import { createChatTransport } from "../src/ai-sdk.ts";
import type { Fetch } from "../src/http/index.ts";
import { FormationClient, type FormationClientOptions, MuxiError, ServerClient } from "../src/index.ts";
import { createNodeTransport } from "../src/node.ts";
import { createTestServer } from "../src/testing.ts";
import { done, frame, openStream, progress, serve, text } from "./server.ts";

const clientOf = (url: string, options: FormationClientOptions = {}) =>
  new FormationClient({ url, clientKey: "ck", adminKey: "ak", ...options });

/** Options for a client over each transport. */
const transports = () => {
  const fetch = createNodeTransport({ proxy: false });
  onTestFinished(() => fetch.close());
  return [{}, { fetch }];
};

const failureOf = async (promise: PromiseLike<unknown>): Promise<unknown> =>
  promise.then(
    (value) => {
      throw new Error(`It succeeded: ${JSON.stringify(value)}`);
    },
    (error) => error,
  );

test("a server that sends without end waits for a reader who has stopped, over each transport", async () => {
  const piece = "x".repeat(10_000);
  for (const options of transports()) {
    let number = 1;
    let paused = (_sent: number) => {};
    const server = await serve(({ method }, response) => {
      if (method === "DELETE") return void response.end('{"data":{}}');
      openStream(response, { "x-muxi-request-id": "req_1" });
      response.write(frame(1, progress));
      const pour = () => {
        while (!response.destroyed && response.write(frame(++number, text(piece))));
        // Not drained in this many turns of the event loop: the reader's side takes no more.
        const sent = number;
        let turns = 0;
        const look = () => {
          if (response.destroyed) return;
          if (!response.writableNeedDrain) return pour();
          if (++turns < 2_000) setImmediate(look);
          else paused(sent);
        };
        look();
      };
      pour();
    });
    const stream = clientOf(server.url, options).chatStream({ message: "Hi" });
    const pausing = new Promise<number>((resolve) => {
      paused = resolve;
    });
    await stream.next();
    // What the sockets of both sides hold, and not what could be sent meanwhile.
    expect((await pausing) * piece.length).toBeLessThan(32 * 1024 * 1024);
    await stream.return();
  }
});

test("a chunk of any length becomes events only as they are read", async () => {
  const count = 200_000;
  const frames = Array.from({ length: count }, (_, index) => frame(index + 2, text("x")));
  const bytes = new TextEncoder().encode(frame(1, progress) + frames.join(""));
  const fetch: Fetch = async (_, { method }) => {
    if (method === "DELETE") return Response.json({ data: {} });
    const body = new ReadableStream({ start: (controller) => controller.enqueue(bytes) });
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  };
  const formation = clientOf("http://test", { fetch });
  for await (const batch of formation.chatStream({ message: "Hi" }).batches()) {
    expect(batch.length).toBeLessThan(10_000);
    break;
  }
  const transport = createChatTransport({ formation });
  const chunks = await transport.sendMessages({
    trigger: "submit-message",
    chatId: "chat_1",
    messageId: undefined,
    messages: [{ id: "1", role: "user", parts: [{ type: "text", text: "Hi" }] }],
    abortSignal: undefined,
  });
  const reader = chunks.getReader();
  expect((await reader.read()).value).toMatchObject({ type: "start" });
  await reader.cancel();
});

test("text is collected up to maxResponseSize; who reads event by event can read on", async () => {
  const events = [progress, ...new Array(20).fill(text("x".repeat(100))), done];
  const options = { url: "http://test", clientKey: "ck", maxResponseSize: 1_000 };
  const server = createTestServer().stream(events).stream(events);
  const formation = new FormationClient({ ...options, fetch: server.fetch });
  await expect(formation.chatStream({ message: "Hi" }).text()).rejects.toMatchObject({
    code: "INVALID_RESPONSE",
    message: "The response is longer than 1000 bytes (maxResponseSize)",
  });
  // The answer is not wanted any more.
  expect(server.requests.at(-1)?.method).toBe("DELETE");
  let length = 0;
  for await (const piece of formation.chatStream({ message: "Hi" }).textStream()) length += piece.length;
  expect(length).toBe(2_000);
});

test("a response is read up to maxResponseSize, also one that unpacks to a thousand times its size", async () => {
  const bomb = gzipSync(`{"data":{"x":"${"x".repeat(100 * 1024 * 1024)}"}}`, { level: 1 });
  const server = await serve(({ url }, response) => {
    if (url.includes("health")) {
      response.writeHead(200, { "content-type": "application/json", "content-encoding": "gzip" });
      return void response.end(bomb);
    }
    response.writeHead(200, { "content-type": "application/json" });
    const pour = () => {
      while (!response.destroyed && response.write("x".repeat(65_536)));
    };
    response.on("drain", pour);
    pour();
  });
  const refusal = { name: "MuxiError", code: "INVALID_RESPONSE", retryable: false };
  await expect(clientOf(server.url).health()).rejects.toMatchObject({
    ...refusal,
    message: "The response is longer than 67108864 bytes (maxResponseSize)",
  });
  for (const options of transports()) {
    const formation = clientOf(server.url, { ...options, maxResponseSize: 100_000 });
    await expect(formation.getTriggers()).rejects.toMatchObject(refusal);
    await expect(formation.chat({ message: "Hi" }, { maxResponseSize: 10 })).rejects.toMatchObject(refusal);
  }
  const control = new ServerClient({ url: server.url, maxResponseSize: 100_000 });
  await expect(control.ping()).rejects.toMatchObject(refusal);
  await expect(
    control.downloadFormation({ formationId: "bot" }, { maxResponseSize: 100_000 }),
  ).rejects.toMatchObject(refusal);
});

const deep = `${"[".repeat(5_000)}${"]".repeat(5_000)}`;

test.each<[string, string]>([
  ["null", "null"],
  ["a number", "5"],
  ["a text", '"ok"'],
  ["a list", "[]"],
  ["nothing", ""],
  ["no data", '{"success":true}'],
  ["data that is null", '{"data":null}'],
  ["data that is a list", '{"data":[]}'],
  ["data nested too deep", `{"data":{"x":${deep}}}`],
  ["deep nesting", deep],
  ["half of JSON", '{"data":{'],
])("a response with %s is an error of this package", async (_, body) => {
  const server = await serve((_request, response) => {
    response.writeHead(200, { "content-type": "application/json" }).end(body);
  });
  for (const options of transports()) {
    const error = await failureOf(clientOf(server.url, options).getTriggers());
    expect(error).toMatchObject({ name: "MuxiError", code: "INVALID_RESPONSE", statusCode: 200 });
    expect(error).toHaveProperty("message", `Unexpected answer (application/json): ${body.slice(0, 200)}`);
  }
});

test("a stream that is cut after each event reconnects with growing pauses, and ends", async () => {
  const pauses: number[] = [];
  let last = performance.now();
  const server = await serve((request, response, message) => {
    pauses.push(performance.now() - last);
    openStream(response, { "x-muxi-request-id": "req_1" });
    const after = Number(request.headers["last-event-id"] ?? 0);
    response.write(frame(after + 1, after === 0 ? progress : text("x")), () => {
      last = performance.now();
      message.socket.resetAndDestroy();
    });
  });
  const stream = clientOf(server.url, { resumeTimeout: 3_000 }).chatStream({ message: "Hi" });
  await expect(stream.text()).rejects.toMatchObject({ name: "ConnectionError" });
  expect(server.received.map(({ method }) => method)).toEqual(["POST", "GET", "GET", "GET"]);
  const [, , second = 0, third = 0] = pauses;
  expect(second).toBeGreaterThan(400);
  expect(third).toBeGreaterThan(800);

  const never = clientOf(server.url).chatStream({ message: "Hi" }, { resumeTimeout: 0 });
  await expect(never.text()).rejects.toMatchObject({ name: "ConnectionError" });
  expect(server.received).toHaveLength(5);
});

const { cases, patience } = fuzzing(300);

test("whatever a stream sends, its reader gets events or an error of this package", {
  timeout: patience,
}, async () => {
  const json = fc.oneof(
    fc.json({ maxDepth: 3 }),
    fc.string(),
    fc.constantFrom(
      deep,
      JSON.stringify(done),
      JSON.stringify(progress),
      '{"type":"text","text":5}',
      '{"token":{}}',
    ),
    fc
      .record({ type: fc.constantFrom("text", "ui", "done", "error", "tool_call", "x"), ui: fc.jsonValue() })
      .map((event) => JSON.stringify(event)),
  );
  const line = fc.oneof(
    json.map((data) => `data: ${data}`),
    fc.constantFrom("event: done", "event: error", "event: text", "event:", "data", ": x", "id: x", "id: -1"),
    fc.nat({ max: 20 }).map((id) => `id: ${id}`),
    fc.constant(""),
  );
  const ends = fc.constantFrom("\n", "\r", "\r\n");
  const bodies = fc.array(
    fc.tuple(line, ends).map((parts) => parts.join("")),
    { maxLength: 30 },
  );
  await fc.assert(
    fc.asyncProperty(
      bodies,
      fc.uint8Array({ maxLength: 8 }),
      fc.nat({ max: 40 }),
      async (lines, noise, at) => {
        const body = new Blob([...lines.slice(0, at), noise, ...lines.slice(at), "\n\n"]);
        const fetch = async () => new Response(body, { headers: { "content-type": "text/event-stream" } });
        const stream = clientOf("http://test", { fetch, resumeTimeout: 1 }).chatStream({ message: "Hi" });
        try {
          for await (const event of stream) expect(typeof event.type).toBe("string");
        } catch (error) {
          expect(error).toBeInstanceOf(MuxiError);
        }
      },
    ),
    cases,
  );
});
