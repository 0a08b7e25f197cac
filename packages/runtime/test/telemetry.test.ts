import { expect, onTestFinished, test } from "vitest";
import { until, untilExpected } from "../../../test/until.ts";
import { startCollector } from "./collector.ts";
import { manifest, startFormation, writeFormation } from "./harness.ts";
import { commandServer } from "./mcp-servers.ts";
import { startModelServer } from "./model-server.ts";

type Value = string | number | string[];

interface Span {
  name: string;
  kind: number;
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  links?: { traceId: string; spanId: string }[];
  status: { code: number };
  attributes: Record<string, Value>;
}

interface WireValue {
  stringValue?: string;
  intValue?: string;
  doubleValue?: number;
  arrayValue?: { values: WireValue[] };
}

const readValue = ({ stringValue, intValue, doubleValue, arrayValue }: WireValue): Value =>
  stringValue ?? doubleValue ?? arrayValue?.values.map((item) => String(readValue(item))) ?? Number(intValue);

const attributesOf = (listed: { key: string; value: WireValue }[]): Record<string, Value> =>
  Object.fromEntries(listed.map(({ key, value }) => [key, readValue(value)]));

const agents = {
  "formation.afs": `${manifest}agents: [grower]\n`,
  "agents/grower.afs": "schema: '1.0.0'\nid: grower\nname: Old Grower\ndescription: Knows apples\n",
};

/** A formation whose traces and metrics go to a collector. */
const startTraced = async (files: Record<string, string> = agents, env: Record<string, string> = {}) => {
  const collector = await startCollector();
  const api = await startFormation(await writeFormation(files), {
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: `${collector.url}/`,
      OTEL_METRIC_EXPORT_INTERVAL: "50",
      ...env,
    },
  });
  const posts = (name: string) => collector.received.filter(({ path }) => path === `/v1/${name}`);
  const spans = (): Span[] =>
    posts("traces").flatMap(({ body }) =>
      JSON.parse(body).resourceSpans[0].scopeSpans[0].spans.map(
        (span: { attributes: { key: string; value: WireValue }[] }) => ({
          ...span,
          attributes: attributesOf(span.attributes),
        }),
      ),
    );
  return {
    api,
    posts,
    spans,
    /** The first span of a name that begins so, once it is there. */
    span: (name: string) =>
      until(`a span ${name} is sent`, () => spans().find((one) => one.name.startsWith(name))),
    resourceMetrics: () => JSON.parse(posts("metrics").at(-1)?.body ?? "{}").resourceMetrics?.[0],
  };
};

const callModel = async (provider: string, usage: object = {}) => {
  const models = await startModelServer();
  onTestFinished(() => models.close());
  models.defaultReply = { usage: { input: 100, output: 5, ...usage } };
  return {
    models,
    files: {
      ...agents,
      "formation.afs": `${agents["formation.afs"]}llm:\n  settings: { base_url: "${models.url}/v1" }\n  models: [{ text: ${provider}/test-1, api_key: k }]\n`,
    },
  };
};

const caller = { traceId: "4bf92f3577b34da6a3ce929d0e0e4736", spanId: "00f067aa0ba902b7" };
const traceparent = `00-${caller.traceId}-${caller.spanId}-01`;

test("traces and metrics go to the endpoint of the standard variables, by the GenAI conventions", async () => {
  const { api, posts, spans, resourceMetrics } = await startTraced(agents, {
    OTEL_EXPORTER_OTLP_HEADERS: "authorization=Bearer%20otel-1",
    OTEL_SERVICE_NAME: "my-orchard",
  });
  await api.chat("Hello", { user: "ann", session: "s1" });
  await untilExpected("two spans are posted", () => expect(spans()).toHaveLength(2));
  const [model, request] = spans();
  expect(request).toMatchObject({
    name: "invoke_agent Old Grower",
    kind: 1,
    traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
    status: { code: 0 },
    attributes: {
      "gen_ai.operation.name": "invoke_agent",
      "gen_ai.agent.id": "grower",
      "gen_ai.agent.name": "Old Grower",
      "gen_ai.conversation.id": "s1",
      "gen_ai.usage.output_tokens": expect.any(Number),
    },
  });
  expect(request).not.toHaveProperty("parentSpanId");
  expect(model).toMatchObject({
    name: "chat extractive",
    kind: 3,
    traceId: request?.traceId,
    parentSpanId: request?.spanId,
    attributes: {
      "gen_ai.operation.name": "chat",
      "gen_ai.provider.name": "builtin",
      "gen_ai.request.model": "extractive",
      "gen_ai.response.model": "extractive",
      "gen_ai.response.finish_reasons": ["stop"],
      "gen_ai.response.time_to_first_chunk": expect.any(Number),
      "gen_ai.conversation.id": "s1",
    },
  });
  expect(posts("traces")[0]?.headers.authorization).toBe("Bearer otel-1");

  await until("the request is counted", () =>
    posts("metrics").find(({ body }) => body.includes('"count":"1"')),
  );
  const { resource, scopeMetrics } = resourceMetrics();
  expect(attributesOf(resource.attributes)).toMatchObject({ "service.name": "my-orchard" });
  expect(scopeMetrics[0].metrics.map(({ name }: { name: string }) => name)).toEqual([
    "gen_ai.client.token.usage",
    "gen_ai.client.operation.duration",
  ]);
});

test.each([
  ["google", "gcp.gemini"],
  ["mistral", "mistral_ai"],
  ["xai", "x_ai"],
  ["groq", "groq"],
])("the provider %s has the name of the conventions, %s", async (provider, name) => {
  const { files } = await callModel(provider);
  const { api, span } = await startTraced(files);
  await api.chat("Hello", { user: "ann" });
  expect((await span("chat test-1")).attributes).toMatchObject({
    "gen_ai.provider.name": name,
    "gen_ai.request.model": "test-1",
    "gen_ai.response.model": "test-1",
  });
});

test("tokens of a provider's cache are told apart in traces and metrics", async () => {
  const { files } = await callModel("anthropic", { cached: 60, cacheWrite: 30 });
  const { api, posts, span, resourceMetrics } = await startTraced(files);
  await api.chat("Hello", { user: "ann" });
  const tokens = {
    "gen_ai.usage.input_tokens": 100,
    "gen_ai.usage.output_tokens": 5,
    "gen_ai.usage.cache_read.input_tokens": 60,
    "gen_ai.usage.cache_write.input_tokens": 30,
  };
  expect((await span("chat ")).attributes).toMatchObject(tokens);
  expect((await span("invoke_agent ")).attributes).toMatchObject(tokens);

  await until("the tokens are counted", () => posts("metrics").at(-1)?.body.includes("cache_read"));
  const points: { sum: number; attributes: { key: string; value: WireValue }[] }[] =
    resourceMetrics().scopeMetrics[0].metrics[0].histogram.dataPoints;
  expect(points.map(({ sum, attributes }) => [attributesOf(attributes)["gen_ai.token.type"], sum])).toEqual([
    ["input", 100],
    ["output", 5],
    ["cache_read", 60],
    ["cache_creation", 30],
  ]);
});

test("a tool's call and a failure have spans of the same trace", async () => {
  const { models, files } = await callModel("openai");
  const { api, span } = await startTraced({ ...files, "mcp/trees.afs": commandServer("trees") });
  await untilExpected("the tools are there", async () =>
    expect(JSON.stringify((await api.get("/mcp/tools", { key: "admin" })).body)).toContain("count_trees"),
  );
  models.reply(
    { text: [], toolCalls: [{ id: "c1", name: "trees__count_trees", arguments: ['{"kind":"apple"}'] }] },
    { status: 400 },
  );
  expect((await api.chat("Count", { user: "ann" })).status).toBe(424);

  const request = await span("invoke_agent");
  expect(request).toMatchObject({ status: { code: 2 }, attributes: { "error.type": "LLM_NOT_CONFIGURED" } });
  expect(await span("execute_tool")).toMatchObject({
    name: "execute_tool trees__count_trees",
    kind: 1,
    traceId: request.traceId,
    parentSpanId: request.spanId,
    attributes: { "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "trees__count_trees" },
  });
});

test("a caller that waits has the request in its trace", async () => {
  const { api, spans } = await startTraced();
  const headers = { traceparent };
  await api.chat("Hello", { user: "ann", headers });
  await untilExpected("both spans are sent", () => expect(spans()).toHaveLength(2));
  const [model, request] = spans();
  expect(request).toMatchObject({ traceId: caller.traceId, parentSpanId: caller.spanId });
  expect(request).not.toHaveProperty("links");
  expect(model).toMatchObject({ traceId: caller.traceId, parentSpanId: request?.spanId });

  await api.stream({ message: "And again" }, { user: "ann", headers });
  await untilExpected("the stream is traced", () => expect(spans()).toHaveLength(4));
  expect(new Set(spans().map(({ traceId }) => traceId))).toEqual(new Set([caller.traceId]));
});

test("work in the background has a trace of its own, with a link to the caller's", async () => {
  const { api, spans } = await startTraced({
    ...agents,
    "triggers/late.md": "Order ${{ data.id }} is late.",
  });
  const headers = { traceparent };
  await api.call("POST", "/chat", { user: "ann", headers, body: { message: "Hello", mode: "async" } });
  await api.call("POST", "/triggers/late", {
    user: "ann",
    headers,
    body: { data: { id: 7 }, use_async: true },
  });
  const requests = () => spans().filter(({ name }) => name.startsWith("invoke_agent"));
  await untilExpected("both requests are traced", () => expect(requests()).toHaveLength(2));
  for (const request of requests()) {
    expect(request.traceId).not.toBe(caller.traceId);
    expect(request).not.toHaveProperty("parentSpanId");
    expect(request.links).toEqual([caller]);
  }
  expect(new Set(requests().map(({ traceId }) => traceId)).size).toBe(2);
});

test("a request that asks its user has a span for each part, whose calls are below it", async () => {
  const { models, files } = await callModel("openai");
  const { "formation.afs": written } = files;
  const asking = { ...files, "formation.afs": `${written}overlord: { clarification: { enabled: true } }\n` };
  const { api, spans } = await startTraced(asking);
  const question = JSON.stringify({ question: "Which tree?" });
  models.reply({ text: [], toolCalls: [{ id: "c1", name: "ask_user", arguments: [question] }] });
  const asked = await api.chat("Prune it", { user: "ann", session: "s1" });
  await api.chat("The pear", { user: "ann", session: "s1" });
  await untilExpected("both parts are traced", () => expect(spans()).toHaveLength(4));
  const isPart = ({ name }: Span) => name.startsWith("invoke_agent");
  const parts = spans().filter(isPart);
  expect(new Set(spans().map(({ traceId }) => traceId)).size).toBe(1);
  expect(new Set(parts.map(({ spanId }) => spanId)).size).toBe(2);
  const calls = spans().filter((span) => !isPart(span));
  expect(calls.map(({ parentSpanId }) => parentSpanId)).toEqual(parts.map(({ spanId }) => spanId));
  expect(asked.body.data.message.content).toContain("Which tree?");
});

test("a caller that records no trace gets none; what is no traceparent counts as absent", async () => {
  const { api, spans } = await startTraced();
  const chat = (sent: string, session: string) =>
    api.chat("Hello", { user: "ann", session, headers: { traceparent: sent } });
  await chat(`00-${caller.traceId}-${caller.spanId}-00`, "unrecorded");
  const invalid = [
    `ff-${caller.traceId}-${caller.spanId}-01`,
    `00-${"0".repeat(32)}-${caller.spanId}-01`,
    `00-${caller.traceId}-${"0".repeat(16)}-01`,
    `00-${caller.traceId}-${caller.spanId}-01-more`,
    `00-${caller.traceId.toUpperCase()}-${caller.spanId}-01`,
    `${traceparent}, ${traceparent}`,
  ];
  for (const [index, sent] of invalid.entries()) await chat(sent, `invalid-${index}`);
  await chat(`cc-${caller.traceId}-${caller.spanId}-09-more`, "later-version");
  await untilExpected("the chats are traced", () => expect(spans()).toHaveLength(2 * (invalid.length + 1)));
  const continued = spans().filter(({ traceId }) => traceId === caller.traceId);
  const sessions = continued.map(({ attributes }) => attributes["gen_ai.conversation.id"]);
  expect(sessions).toEqual(["later-version", "later-version"]);
  expect(spans().map(({ attributes }) => attributes["gen_ai.conversation.id"])).not.toContain("unrecorded");
});
