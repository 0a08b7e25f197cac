import { describe, expect, onTestFinished, test } from "vitest";
import { until, untilExpected } from "../../../test/until.ts";
import { parse, verifySignature } from "../../client/src/webhook.ts";
import {
  collect,
  framesOf,
  hold,
  keys,
  manifest,
  startFormation,
  textOf,
  untilStatus,
  writeFormation,
} from "./harness.ts";
import { type ModelServer, startModelServer } from "./model-server.ts";
import { startReceiver } from "./receiver.ts";

const withModel = (models: ModelServer, more = "") => `${manifest}
llm:
  settings: { base_url: "${models.url}/v1" }
  models: [{ text: openai/test-model, api_key: sk-test }]
memory: { persistent: { extraction: false } }
${more}`;

const start = async (more = "") => {
  const models = await startModelServer();
  onTestFinished(() => models.close());
  const dir = await writeFormation({ "formation.afs": withModel(models, more) });
  return { models, dir, api: await startFormation(dir) };
};

const ann = { user: "ann" };

describe("a chat in the background", () => {
  test("is taken on, answered, kept in its session and delivered, signed", async () => {
    const { api } = await start();
    const receiver = await startReceiver();
    const body = { message: "Hello", session_id: "s1", mode: "async", webhook_url: `${receiver.url}/hook` };
    const accepted = await api.call("POST", "/chat", { ...ann, body });
    expect(accepted.status).toBe(202);
    expect(accepted.body).toMatchObject({
      object: "request",
      type: "chat.async_accepted",
      data: { status: "processing", request_id: accepted.body.request.id },
    });
    const id = accepted.body.data.request_id;
    await until("a webhook is received", () => receiver.received[0]);
    const [delivery] = receiver.received;
    const signature = delivery?.headers["x-muxi-signature"] ?? "";
    expect(await verifySignature(delivery?.body ?? "", signature, keys.adminKey)).toBe(true);
    expect(parse(delivery?.body ?? "")).toMatchObject({
      requestId: id,
      status: "completed",
      content: [{ text: "Hello from the model." }],
    });
    const status = await api.get(`/requests/${id}`, ann);
    expect(status.body.data).toMatchObject({ status: "completed", result: "Hello from the model." });
    const { body: messages } = await api.get("/sessions/s1/messages", ann);
    expect(messages.data.messages.map(({ role }: { role: string }) => role)).toEqual(["user", "assistant"]);
  });

  test("that fails says so, to its caller and to the webhook", async () => {
    const { api, models } = await start();
    const receiver = await startReceiver();
    models.defaultReply = { status: 400 };
    const body = { message: "Hello", mode: "async", webhook_url: receiver.url };
    const { body: accepted } = await api.call("POST", "/chat", { ...ann, body });
    await until("a webhook is received", () => receiver.received[0]);
    expect(parse(receiver.received[0]?.body ?? "")).toMatchObject({ status: "failed", content: [] });
    const { body: status } = await api.get(`/requests/${accepted.data.request_id}`, ann);
    expect(status.data).toMatchObject({
      status: "failed",
      error: expect.stringContaining("(configuration)"),
    });
  });

  test("a caller who waits too long is told to come back, and the answer comes", async () => {
    const { api, models } = await start();
    const { held, release } = hold();
    models.reply({ before: held });
    const body = { message: "Hello", stream: false, threshold_seconds: 0.05 };
    const { status, body: accepted } = await api.call("POST", "/chat", { ...ann, body });
    expect([status, accepted.data.status]).toEqual([202, "processing"]);
    release();
    const route = `/requests/${accepted.data.request_id}`;
    await untilStatus(api, accepted.data.request_id, "completed");
    expect((await api.get(route, ann)).body.data.result).toBe("Hello from the model.");
  });
});

describe("requests", () => {
  test("are their user's alone; the admin sees all", async () => {
    const { api } = await start();
    const { body } = await api.chat("Hello", ann);
    const route = `/requests/${body.data.request_id}`;
    expect((await api.get(route, ann)).body.data.status).toBe("completed");
    expect((await api.get(route, { user: "bob" })).body.error.code).toBe("FORBIDDEN");
    expect((await api.get("/requests/req_none", ann)).body.error.code).toBe("REQUEST_NOT_FOUND");
    expect((await api.get("/requests", { user: "bob" })).body.data).toEqual({
      requests: [],
      count: 0,
      next: null,
    });
    expect((await api.get("/requests", { key: "admin" })).body.data.count).toBe(1);
    expect((await api.call("DELETE", route, { user: "bob" })).body.error.code).toBe("FORBIDDEN");
    expect((await api.call("DELETE", route, ann)).body.error.code).toBe("OPERATION_FAILED");
  });

  test("a cancelled one stops the model, and can be cancelled again", async () => {
    const { api, models } = await start();
    models.reply({ text: ["One ", "two"], stallAfter: 2 });
    const body = { message: "Count", mode: "async", session_id: "s1" };
    const { body: accepted } = await api.call("POST", "/chat", { ...ann, body });
    const route = `/requests/${accepted.data.request_id}`;
    await until("the model is asked", () => models.requests[0]);
    const cancelled = await api.call("DELETE", route, ann);
    expect(cancelled.body.data).toMatchObject({ status: "cancelled", cancellation: "immediate" });
    expect(await models.requests[0]?.over).toBe("aborted");
    await untilStatus(api, accepted.data.request_id, "cancelled");
    expect((await api.call("DELETE", route, ann)).status).toBe(200);
  });

  test("one that is claimed while the formation stops is left to the next process", async () => {
    const { api, models, dir } = await start();
    models.defaultReply = { text: ["One ", "two"], stallAfter: 1 };
    const body = { message: "Hello", mode: "async" };
    const { body: accepted } = await api.call("POST", "/chat", { ...ann, body });
    await api.runtime.close(0);
    models.defaultReply = { text: ["Done"] };
    const again = await startFormation(dir);
    await untilStatus(again, accepted.data.request_id, "completed");
  });

  test("an id that is taken is refused, also after a restart", async () => {
    const { api, dir } = await start();
    const body = { message: "Hello", request_id: "req_mine", stream: false };
    expect((await api.call("POST", "/chat", { ...ann, body })).status).toBe(200);
    expect((await api.call("POST", "/chat", { ...ann, body })).body.error.code).toBe("CONFLICT");
    await api.runtime.close(0);
    const again = await startFormation(dir);
    expect((await again.call("POST", "/chat", { ...ann, body })).body.error.code).toBe("CONFLICT");
  });
});

describe("an idempotency key", () => {
  const call = (key: string, message = "Hello") => ({
    ...ann,
    headers: { "X-Muxi-Idempotency-Key": key },
    body: { message, stream: false, session_id: "s1" },
  });

  test("gives the first answer again, word for word, and asks no model twice", async () => {
    const { api, models, dir } = await start();
    const first = await api.call("POST", "/chat", call("k1"));
    const second = await api.call("POST", "/chat", call("k1"));
    expect(second).toMatchObject({ status: first.status, body: first.body });
    expect(models.requests).toHaveLength(1);
    await api.runtime.close(0);
    const again = await startFormation(dir);
    expect((await again.call("POST", "/chat", call("k1"))).body).toEqual(first.body);
    expect(models.requests).toHaveLength(1);
  });

  test("lets a second call wait for the first", async () => {
    const { api, models } = await start();
    const { held, release } = hold();
    models.reply({ before: held });
    const calls = [1, 2, 3].map(() => api.call("POST", "/chat", call("k1")));
    await until("the model is asked", () => models.requests[0]);
    release();
    const answers = await Promise.all(calls);
    expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1);
    const { body } = await api.get("/sessions/s1/messages", ann);
    expect(body.data.count).toBe(2);
  });

  test("with another body is refused; with another user it is another key", async () => {
    const { api } = await start();
    await api.call("POST", "/chat", call("k1"));
    const other = await api.call("POST", "/chat", call("k1", "Something else"));
    expect([other.status, other.body.error.code]).toEqual([409, "IDEMPOTENCY_KEY_REUSED"]);
    const { body } = call("k1");
    const bob = await api.call("POST", "/chat", {
      ...call("k1"),
      user: "bob",
      body: { ...body, session_id: "s2" },
    });
    expect(bob.status).toBe(200);
  });

  test("does not keep a failure", async () => {
    const { api, models } = await start();
    models.reply({ status: 400 });
    expect((await api.call("POST", "/chat", call("k1"))).status).toBeGreaterThanOrEqual(400);
    expect((await api.call("POST", "/chat", call("k1"))).status).toBe(200);
  });

  test.each([
    ["an answer", { stream: false }],
    ["a stream", { stream: true }],
    ["a request in the background", { mode: "async" }],
  ])("makes %s that has failed anew under its own id, and keeps the message once", async (_, how) => {
    const { api, models } = await start();
    // What it says before it breaks off is the beginning of an answer.
    models.reply({ text: ["Hel", "lo"], cutAfter: 2 });
    const { headers } = call("k1");
    const body = { message: "Hello", session_id: "s1", request_id: "req_1", ...how };
    const ask = async () => (await api.request("POST", "/chat", { ...ann, headers, body })).text();
    await ask();
    await untilStatus(api, "req_1", "failed");
    await ask();
    await untilStatus(api, "req_1", "completed");
    const { data } = (await api.get("/sessions/s1/messages", ann)).body;
    expect(data.messages.map(({ role }: { role: string }) => role)).toEqual(["user", "assistant"]);
    expect(await ask()).toContain("req_1");
    expect(models.requests).toHaveLength(2);
    const other = await api.call("POST", "/chat", { ...ann, body: { ...body, message: "Other" } });
    expect([other.status, other.body.error.code]).toEqual([409, "CONFLICT"]);
  });

  test("lets a stream that is asked for again join the run", async () => {
    const { api, models } = await start();
    const { held, release } = hold();
    models.reply({ text: ["One ", "two"], before: held });
    const body = { message: "Count", session_id: "s1" };
    const headers = { "X-Muxi-Idempotency-Key": "k1" };
    const streams = [
      await api.stream(body, { ...ann, headers }),
      await api.stream(body, { ...ann, headers }),
    ];
    release();
    const frames = await Promise.all(streams.map(collect));
    expect(frames[1]).toEqual(frames[0]);
    expect(models.requests).toHaveLength(1);
  });

  test("makes a scheduled job only once", async () => {
    const { api } = await start();
    const job = {
      key: "admin" as const,
      user: "ann",
      headers: { "X-Muxi-Idempotency-Key": "k1" },
      body: { type: "prompt", schedule: "0 9 * * *", message: "Report" },
    };
    const first = await api.call("POST", "/scheduler/jobs", job);
    const second = await api.call("POST", "/scheduler/jobs", job);
    expect(second.body.data).toEqual(first.body.data);
    expect((await api.get("/scheduler/jobs", { key: "admin" })).body.data.count).toBe(1);
  });
});

describe("events", () => {
  test("of a finished request are the same after a restart", async () => {
    const { api, models, dir } = await start();
    models.reply({ text: ["One ", "two ", "three"] });
    const seen = await collect(await api.stream({ message: "Count", session_id: "s1" }, ann));
    const route = `/events/s1/${seen[0]?.data.request_id}`;
    await api.runtime.close(0);
    const again = await startFormation(dir);
    expect(await collect(framesOf(await again.request("GET", route, ann)))).toEqual(seen);
    const rest = framesOf(await again.request("GET", route, { ...ann, headers: { "Last-Event-ID": "2" } }));
    expect(await collect(rest)).toEqual(seen.slice(2));
    expect((await again.get(route, { user: "bob" })).body.error.code).toBe("REQUEST_NOT_FOUND");
  });

  test("tell a user what happens to them, and nobody else", async () => {
    const { api } = await start();
    const leave = new AbortController();
    const watch = async (user: string) =>
      framesOf(await api.request("GET", "/events", { user, signal: leave.signal }));
    const [mine, others] = [await watch("ann"), await watch("bob")];
    await api.chat("Hello", ann);
    const types: string[] = [];
    for await (const { data } of mine) {
      types.push(data.type);
      if (data.type === "chat.completed") break;
    }
    expect(types).toEqual(["chat.started", "agent.selected", "chat.completed"]);
    await api.chat("Hello", { user: "bob" });
    const first = await others.next();
    expect(first.value?.data.type).toBe("chat.started");
    leave.abort();
  });
});

describe("a question to the user", () => {
  const asking = "overlord: { clarification: { style: conversational } }";
  const question = {
    toolCalls: [{ id: "c1", name: "ask_user", arguments: ['{"question":"Which field?"}'] }],
  };

  test("waits for its answer, which goes on with the same request", async () => {
    const { api, models } = await start(asking);
    const receiver = await startReceiver();
    models.reply({ text: [], ...question });
    const body = { message: "Plant it", mode: "async", session_id: "s1", webhook_url: receiver.url };
    const { body: accepted } = await api.call("POST", "/chat", { ...ann, body });
    const id = accepted.data.request_id;
    await untilExpected("a webhook is received", () => expect(receiver.received).toHaveLength(1));
    expect(parse(receiver.received[0]?.body ?? "")).toMatchObject({
      requestId: id,
      status: "awaiting_clarification",
      clarification: { question: "Which field?" },
    });
    const { body: status } = await api.get(`/requests/${id}`, ann);
    expect(status.data).toMatchObject({
      status: "awaiting_clarification",
      clarification: { question: "Which field?" },
    });
    const reply = { message: "The north one", session_id: "s1", request_id: id, stream: false };
    const answer = await api.call("POST", "/chat", { ...ann, body: reply });
    expect(answer.body.data).toMatchObject({ request_id: id, message: { content: "Hello from the model." } });
    const asked = JSON.stringify(models.requests.at(-1)?.body);
    expect(asked).toContain("Plant it");
    expect(asked).toContain("Which field?");
    await untilExpected("the second webhook is received", () => expect(receiver.received).toHaveLength(2));
    expect(parse(receiver.received[1]?.body ?? "")).toMatchObject({ requestId: id, status: "completed" });
  });

  test("is part of the answer to a chat", async () => {
    const { api, models } = await start(asking);
    models.reply({ text: [], ...question });
    const frames = await collect(await api.stream({ message: "Plant it", session_id: "s1" }, ann));
    expect(textOf(frames)).toBe("Which field?");
    expect(frames.at(-1)?.data).toMatchObject({ type: "done", clarification: { question: "Which field?" } });
  });
});
