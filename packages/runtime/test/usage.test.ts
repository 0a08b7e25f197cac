import { expect, onTestFinished, test } from "vitest";
import { until } from "../../../test/until.ts";
import { parse } from "../../client/src/webhook.ts";
import { collect, manifest, startFormation, untilStatus, writeFormation } from "./harness.ts";
import { commandServer } from "./mcp-servers.ts";
import { type Reply, startModelServer } from "./model-server.ts";
import { startReceiver } from "./receiver.ts";

const ann = { user: "ann", session: "s1" };

const open = async () => {
  const models = await startModelServer();
  onTestFinished(() => models.close());
  const dir = await writeFormation({
    "formation.afs": `${manifest}
llm:
  settings: { base_url: "${models.url}/v1", max_retries: 0 }
  models: [{ text: anthropic/claude-test }]
memory:
  persistent: { extraction: false }
`,
    "mcp/trees.afs": commandServer("trees", "tools: { allow: count_trees }"),
  });
  const api = await startFormation(dir, { env: { PATH: process.env.PATH ?? "" } });
  const dataOf = async (route: string) => (await api.get(route, ann)).body.data;
  return { models, api, dataOf };
};

const calling = (name: string, args: object): Reply => ({
  text: [],
  toolCalls: [{ id: "c1", name, arguments: [JSON.stringify(args)] }],
  usage: { input: 100, output: 5, cached: 60, cacheWrite: 30 },
});

const model = "anthropic/claude-test";
const agentId = "muxi-generalist";
const ofOneCall = {
  input_tokens: 100,
  output_tokens: 5,
  total_tokens: 105,
  cached_tokens: 60,
  cache_write_tokens: 30,
};
const ofTwoCalls = {
  input_tokens: 300,
  output_tokens: 15,
  total_tokens: 315,
  cached_tokens: 150,
  cache_write_tokens: 30,
};

test("an answer tells its tokens wherever it is told, those of the provider's cache apart", async () => {
  const { models, api, dataOf } = await open();
  const last: Reply = { text: ["Twelve."], usage: { input: 200, output: 10, cached: 90 } };
  const replies = [calling("trees__count_trees", { kind: "pear" }), last];
  models.reply(...replies, ...replies, ...replies);

  const { body } = await api.chat("How many?", ann);
  expect(body.data.usage).toEqual(ofTwoCalls);
  const frames = await collect(await api.stream({ message: "How many?", session_id: "s1" }, ann));
  expect(frames.at(-1)).toMatchObject({ event: "done", data: { usage: ofTwoCalls } });
  const { messages } = await dataOf("/sessions/s1/messages");
  expect(messages.at(-1).metadata).toMatchObject({ model, usage: ofTwoCalls });
  const stored = await dataOf(`/requests/${body.data.request_id}`);
  expect(stored).toMatchObject({ kind: "chat", agent_id: agentId, model, usage: ofTwoCalls });
  expect(stored.duration_ms / 1000).toBeCloseTo(stored.completed_at - stored.created_at);

  const receiver = await startReceiver();
  await api.call("POST", "/chat", {
    ...ann,
    body: { message: "How many?", mode: "async", webhook_url: receiver.url },
  });
  const delivery = await until("the webhook is received", () => receiver.received[0]);
  expect(parse(delivery.body)).toMatchObject({ status: "completed", usage: ofTwoCalls });
});

test("a request that fails or is cancelled keeps what it has used until then", async () => {
  const { models, api, dataOf } = await open();
  models.reply(calling("trees__count_trees", { kind: "pear" }), { status: 401 });
  const receiver = await startReceiver();
  const body = { message: "How many?", mode: "async", request_id: "req_1", webhook_url: receiver.url };
  await api.call("POST", "/chat", { ...ann, body });
  await untilStatus(api, "req_1", "failed");
  expect(await dataOf("/requests/req_1")).toMatchObject({
    ...{ kind: "chat", agent_id: agentId, model, usage: ofOneCall },
    duration_ms: expect.any(Number),
    error: expect.any(String),
  });
  const delivery = await until("the webhook is received", () => receiver.received[0]);
  expect(parse(delivery.body)).toMatchObject({ status: "failed", usage: ofOneCall });

  models.reply(calling("trees__count_trees", { kind: "pear" }), { stallAfter: 1 });
  await api.call("POST", "/chat", {
    ...ann,
    body: { message: "And now?", mode: "async", request_id: "req_2" },
  });
  const running = await dataOf("/requests/req_2");
  for (const field of ["usage", "model", "agent_id", "duration_ms"])
    expect(running).not.toHaveProperty(field);
  await until("the model is asked again", () => models.requests[3]);
  await api.call("DELETE", "/requests/req_2", ann);
  await untilStatus(api, "req_2", "cancelled");
  expect(await dataOf("/requests/req_2")).toMatchObject({ model, usage: ofOneCall });
});

test("a request that asked its user keeps what it used before and after", async () => {
  const { models, api, dataOf } = await open();
  models.reply(calling("ask_user", { question: "Which kind?" }), {
    text: ["Twelve."],
    usage: { input: 200, output: 10, cached: 90 },
  });
  const asked = await api.chat("How many?", ann);
  const route = `/requests/${asked.body.data.request_id}`;
  expect(await dataOf(route)).toMatchObject({ status: "awaiting_clarification", usage: ofOneCall });
  await api.chat("Pears", ann);
  expect(await dataOf(route)).toMatchObject({ status: "completed", usage: ofTwoCalls });
});
