import { expect, onTestFinished, test } from "vitest";
import { untilExpected } from "../../../test/until.ts";
import { collect, framesOf, manifest, startFormation, textOf, writeFormation } from "./harness.ts";
import { type ModelServer, startModelServer } from "./model-server.ts";

/** A formation whose model is the test's own server. */
const startWithModel = async (settings = "", options: { answerTime?: number } = {}) => {
  const models = await startModelServer();
  onTestFinished(() => models.close());
  const dir = await writeFormation({
    "formation.afs": `${manifest}
llm:
  settings: { base_url: "${models.url}/v1", max_retries: 0 ${settings} }
  models: [{ text: openai/test-model, api_key: sk-very-secret }]
`,
  });
  return { api: await startFormation(dir, options), models };
};

/** A reply that has sent a first word and waits for its release. */
const holdReply = (models: ModelServer) => models.reply({ text: ["One ", "two"], stallAfter: 2 });

test("a model that refuses is an error of its status in JSON, and an error frame in a stream", async () => {
  const { api, models } = await startWithModel();
  models.defaultReply = { status: 429, headers: { "retry-after": "7" } };

  const { status, headers, body } = await api.chat("Hello there");
  expect([status, body.error.code, headers.get("retry-after")]).toEqual([429, "LLM_RATE_LIMITED", "7"]);

  const frames = await collect(await api.stream({ message: "Hello there" }));
  expect(frames.at(-1)).toMatchObject({ event: "error", data: { code: "LLM_RATE_LIMITED", retry_after: 7 } });
  expect(JSON.stringify(body) + JSON.stringify(frames)).not.toContain("sk-very-secret");
});

test("an answer that breaks off ends with an error frame, and what was seen of it stays in the session", async () => {
  const { api, models } = await startWithModel();
  models.reply({ text: ["One ", "two ", "three"], cutAfter: 3 });
  const frames = await collect(await api.stream({ message: "Count", session_id: "s1" }, { user: "ann" }));
  expect(frames.at(-1)).toMatchObject({ event: "error", data: { code: "LLM_ERROR" } });

  const { body } = await api.get("/sessions/s1/messages", { user: "ann" });
  expect(body.data.messages.map(({ content }: { content: string }) => content)).toEqual([
    "Count",
    textOf(frames),
  ]);
  expect(textOf(frames)).toMatch(/^One /);
});

test("an answer that takes too long is stopped at the model too, and its caller is told", async () => {
  const { api, models } = await startWithModel("", { answerTime: 200 });
  models.defaultReply = { text: ["One ", "two"], stallAfter: 2 };
  const ann = { user: "ann" };
  const message = "The answer took longer than 0.2 s and was stopped";
  const frames = await collect(await api.stream({ message: "Count", session_id: "s1" }, ann));
  expect(frames.at(-1)).toMatchObject({ event: "error", data: { code: "LLM_TIMEOUT", message } });
  expect(await models.requests[0]?.over).toBe("aborted");
  const { body } = await api.get("/sessions/s1/messages", ann);
  expect(body.data.messages.at(-1)).toMatchObject({ role: "assistant", content: "One " });

  const json = await api.chat("Count", ann);
  expect([json.status, json.body.error.code]).toEqual([504, "LLM_TIMEOUT"]);
  const background = { message: "Count", mode: "async", request_id: "req_1" };
  await api.call("POST", "/chat", { ...ann, body: background });
  const stateOf = async () => (await api.get("/requests/req_1", ann)).body.data;
  await untilExpected("the request has failed", async () => expect((await stateOf()).status).toBe("failed"));
  expect(await stateOf()).toMatchObject({ error: message });
  expect(models.requests).toHaveLength(3);
});

test("a caller that drops gets its whole answer later, by its events or from the session", async () => {
  const { api, models } = await startWithModel();
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  models.reply({ text: ["One ", "two ", "three"], before: held });

  const leave = new AbortController();
  const response = await api.request("POST", "/chat", {
    user: "ann",
    body: { message: "Count", session_id: "s1", request_id: "req_mine" },
    signal: leave.signal,
  });
  const { value: first } = await framesOf(response).next();
  expect(first?.data.request_id).toBe("req_mine");
  leave.abort();
  release();

  const resumed = await api.request("GET", "/events/s1/req_mine", {
    user: "ann",
    headers: { "Last-Event-ID": "1" },
  });
  const frames = await collect(framesOf(resumed));
  expect(frames.map(({ id }) => Number(id))).toEqual(frames.map((_, index) => index + 2));
  expect(textOf(frames)).toBe("One two three");
  expect(frames.at(-1)?.event).toBe("done");

  const { body } = await api.get("/sessions/s1/messages", { user: "ann" });
  expect(body.data.messages.at(-1).content).toBe("One two three");
});

test("a request can be stopped by its user: the model's connection closes and the stream says so", async () => {
  const { api, models } = await startWithModel();
  holdReply(models);
  const frames = await api.stream({ message: "Count", request_id: "req_stop" }, { user: "ann" });
  const seen = [];
  for await (const frame of frames) {
    seen.push(frame);
    if (frame.event !== "text") continue;
    expect((await api.call("DELETE", "/requests/req_stop", { user: "bob" })).status).toBe(403);
    const { status, body } = await api.call("DELETE", "/requests/req_stop", { user: "ann" });
    expect([status, body.data.status]).toEqual([200, "cancelled"]);
  }
  expect(seen.at(-1)).toMatchObject({ event: "error", data: { code: "CANCELLED" } });
  expect(await (await models.request(0)).over).toBe("aborted");

  const again = await api.call("DELETE", "/requests/req_stop", { user: "ann" });
  expect(again.status).toBe(200);
});

test("stopping a request that has ended or that never was is refused", async () => {
  const { api } = await startWithModel();
  await collect(await api.stream({ message: "Hello there", request_id: "req_done" }, { user: "ann" }));
  const done = await api.call("DELETE", "/requests/req_done", { user: "ann" });
  expect([done.status, done.body.error.code]).toEqual([400, "OPERATION_FAILED"]);
  const unknown = await api.call("DELETE", "/requests/req_nothing", { user: "ann" });
  expect([unknown.status, unknown.body.error.code]).toEqual([404, "NOT_FOUND"]);
});

test("nobody follows another user's request", async () => {
  const { api } = await startWithModel();
  await collect(
    await api.stream({ message: "Hello there", request_id: "req_hers", session_id: "s1" }, { user: "ann" }),
  );
  expect((await api.get("/events/s1/req_hers", { user: "bob" })).body.error.code).toBe("REQUEST_NOT_FOUND");
  expect((await api.get("/events/other/req_hers", { user: "ann" })).body.error.code).toBe(
    "REQUEST_NOT_FOUND",
  );
});

test("a request id is taken once", async () => {
  const { api } = await startWithModel();
  await collect(await api.stream({ message: "Hello there", request_id: "req_once" }));
  const { status, body } = await api.call("POST", "/chat", {
    body: { message: "Again", request_id: "req_once" },
  });
  expect([status, body.error.code]).toEqual([409, "CONFLICT"]);
});

test("a silent stream carries a comment after a second", async () => {
  const { api, models } = await startWithModel();
  holdReply(models);
  const response = await api.request("POST", "/chat", {
    body: { message: "Count", request_id: "req_quiet" },
  });
  const decoder = new TextDecoder();
  let text = "";
  for await (const bytes of response.body ?? []) {
    text += decoder.decode(bytes, { stream: true });
    if (text.includes(": keepalive\n\n")) break;
  }
  expect(text).toContain(": keepalive\n\n");
  await api.call("DELETE", "/requests/req_quiet", { key: "admin" });
});

test("closing lets the answer at work end, and breaks its stream off when its time is over", async () => {
  const { api, models } = await startWithModel();
  holdReply(models);
  const frames = collect(await api.stream({ message: "Count", request_id: "req_last" }));
  await untilExpected("the model is asked", () => expect(models.requests).toHaveLength(1));
  await api.runtime.close(50);
  // It goes on after the next start.
  expect((await frames).at(-1)).toMatchObject({ event: "text" });
});
