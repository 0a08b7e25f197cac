import { pino } from "pino";
import { expect, onTestFinished, test } from "vitest";
import { until } from "../../../test/until.ts";
import { collect, framesOf, manifest, startFormation, untilStatus, writeFormation } from "./harness.ts";
import { type Reply, startModelServer } from "./model-server.ts";
import { startReceiver } from "./receiver.ts";

const ann = { user: "ann" };

/** A formation whose model is the test's own server, and the lines of its log. */
const start = async ({
  model = "",
  agents = {},
}: {
  model?: string;
  agents?: Record<string, string>;
} = {}) => {
  const models = await startModelServer();
  onTestFinished(() => models.close());
  const dir = await writeFormation({
    "formation.afs": `${manifest}
llm:
  settings: { base_url: "${models.url}/v1", max_retries: 0 }
  models: [{ text: openai/test-model, api_key: sk-very-secret${model} }]
memory: { persistent: { extraction: false } }
`,
    ...agents,
  });
  const lines: string[] = [];
  const log = pino({ level: "warn" }, { write: (line: string) => lines.push(line) });
  return { api: await startFormation(dir, { log }), models, lines };
};

/** What only operators may know. */
const inner = /openai|test-model|127\.0\.0\.1|sk-|api_key|llm\.|quota|billing/i;

const notConfigured =
  "The assistant is not available (configuration): its operator finds the cause in the log";
const unavailable = /^The assistant is not available \(configuration\)/;

const quota = '{"error":{"code":"insufficient_quota","message":"Pay"}}';
const filter = '{"error":{"code":"content_filter","message":"Bad words"}}';
const tooLong = '{"error":{"code":"context_length_exceeded","message":"Too long"}}';

test.each<[what: string, reply: Reply, status: number, code: string, message: RegExp]>([
  ["a refused key", { status: 401 }, 424, "LLM_NOT_CONFIGURED", unavailable],
  ["an unknown model", { status: 404 }, 424, "LLM_NOT_CONFIGURED", unavailable],
  ["a used-up quota", { status: 429, body: quota }, 424, "LLM_NOT_CONFIGURED", unavailable],
  ["a content filter", { status: 400, body: filter }, 422, "LLM_REFUSED", /put it in other words/],
  ["a message that is too long", { status: 400, body: tooLong }, 422, "LLM_REFUSED", /shorten it/],
  ["a limit", { status: 429, headers: { "retry-after": "7" } }, 429, "LLM_RATE_LIMITED", /try again later/],
  ["a failure", { status: 500 }, 502, "LLM_ERROR", /try again/],
])("%s is told in words that mean something to a user", async (_, reply, status, code, message) => {
  const { api, models, lines } = await start();
  models.defaultReply = reply;
  const json = await api.chat("Hello there", ann);
  expect(json.body.error).toMatchObject({ code, message: expect.stringMatching(message) });
  expect(json.status).toBe(status);
  expect(json.headers.get("retry-after")).toBe(code === "LLM_RATE_LIMITED" ? "7" : null);

  const frames = await collect(await api.stream({ message: "Hello there" }, ann));
  expect(frames.at(-1)).toMatchObject({ event: "error", data: { code, message: json.body.error.message } });
  const { body: requests } = await api.get("/requests", ann);
  expect(JSON.stringify([json.body, frames, requests])).not.toMatch(inner);

  // Once for each request, with the model, the cause and what the provider said.
  const logged = lines.map((line) => JSON.parse(line)).filter(({ msg }) => msg === "request failed");
  const level = code === "LLM_NOT_CONFIGURED" ? 50 : 40;
  expect(logged.map((line) => line.level)).toEqual([level, level]);
  expect(logged[0].err.message).toMatch(/test-model.*openai answered \d+/s);
});

test("the log says where the key is kept", async () => {
  const { api, models, lines } = await start();
  models.defaultReply = { status: 401 };
  await api.chat("Hello there", ann);
  expect(lines.join()).toContain(
    "openai refused the API key for openai/test-model (401). Check llm.api_keys.openai in the formation (muxi secrets set) or OPENAI_API_KEY in the environment",
  );
});

test("operators who follow the formation's events read the cause", async () => {
  const { api, models } = await start();
  models.defaultReply = { status: 404 };
  const leave = new AbortController();
  const events = await api.request("GET", "/logs?level=ERROR", { key: "admin", signal: leave.signal });
  await api.chat("Hello there", ann);
  const { value } = await framesOf(events).next();
  leave.abort();
  expect(value?.data).toMatchObject({
    event_type: "request.failed",
    message: `openai has no model "test-model" (404). Check the model's name and its base_url`,
    data: { code: "LLM_NOT_CONFIGURED" },
  });
});

test("a request in the background is not asked again for what stays, and its webhook has no cause", async () => {
  const { api, models } = await start();
  const receiver = await startReceiver();
  models.defaultReply = { status: 401 };
  const body = { message: "Hello", mode: "async", request_id: "req_1", webhook_url: receiver.url };
  await api.call("POST", "/chat", { ...ann, body });
  await untilStatus(api, "req_1", "failed");
  expect((await api.get("/requests/req_1", ann)).body.data.error).toBe(notConfigured);
  await until("a webhook is received", () => receiver.received[0]);
  expect(JSON.parse(receiver.received[0]?.body ?? "").error.message).toBe(notConfigured);
  expect(models.requests).toHaveLength(1);
});

test("a model that cannot be used makes place for its fallback", async () => {
  const { api, models, lines } = await start({ model: ", settings: { fallback_model: openai/other }" });
  models.reply({ status: 401 });
  const { status, body } = await api.chat("Hello there", ann);
  expect([status, body.data.message.content]).toEqual([200, "Hello from the model."]);
  expect(lines.join()).toContain("openai refused the API key for openai/test-model");
});

test("an agent that was asked by another one fails without a word of its model", async () => {
  const agent = (id: string) => `schema: "1.0.0"\nid: ${id}\nname: ${id}\ndescription: Does ${id}\n`;
  const { api, models, lines } = await start({
    agents: { "agents/lead.afs": agent("lead"), "agents/pruner.afs": agent("pruner") },
  });
  const task = '{"agent":"pruner","task":"When?"}';
  models.reply({ toolCalls: [{ id: "c1", name: "ask_agent", arguments: [task] }] }, { status: 401 });
  const frames = await collect(await api.stream({ message: "Ask it", agent_id: "lead" }, ann));
  expect(frames.find(({ event }) => event === "tool_result")?.data).toMatchObject({
    content: `pruner could not answer: ${notConfigured}`,
    is_error: true,
  });
  expect(lines.join()).toContain("openai refused the API key for openai/test-model");
});
