import { once } from "node:events";
import { readFile, rename } from "node:fs/promises";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { until, untilExpected } from "../../../test/until.ts";
import { createRedactor } from "../src/observability/index.ts";
import { manifest, startFormation, writeFormation } from "./harness.ts";
import { startModelServer } from "./model-server.ts";

interface Received {
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}

/** Takes what is posted, after the given number of refusals. */
const startCollector = async (refusals = 0) => {
  const received: Received[] = [];
  let left = refusals;
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const part of request) body += part;
    if (left-- > 0) {
      response.writeHead(503).end();
      return;
    }
    received.push({ path: request.url ?? "", headers: request.headers, body });
    response.end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received };
};

const logging = (streams: string) =>
  `${manifest}logging:\n  conversation:\n    enabled: true\n    streams:\n${streams}`;

const linesOf = (text: string) =>
  text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));

test("events of a chat go to a file, which may be rotated, without what was said", async () => {
  const dir = await writeFormation({
    "formation.afs": logging(
      "      - { transport: file, level: debug, destination: logs/events.jsonl, events: ['request.*', 'model.*'] }\n",
    ),
  });
  const api = await startFormation(dir);
  const file = path.join(dir, "logs/events.jsonl");
  const said = await api.chat("The password is wildebeest", { user: "ann", session: "s1" });
  const namesIn = async (name: string) =>
    linesOf(await readFile(name, "utf8").catch(() => "")).map(({ event }) => event);
  await untilExpected("the end is in the file", async () =>
    expect(await namesIn(file)).toContain("request.completed"),
  );

  const text = await readFile(file, "utf8");
  expect(text).not.toContain("wildebeest");
  const completed = linesOf(text).find(({ event }) => event === "request.completed");
  expect(completed).toMatchObject({
    id: expect.stringMatching(/^evt_/),
    level: "info",
    session_id: "s1",
    request: {
      id: said.body.data.request_id,
      status: "completed",
      duration_ms: expect.any(Number),
      formation_id: "orchard",
      user_id: "ann",
    },
  });
  expect((await namesIn(file)).sort()).toEqual([
    "model.completed",
    "request.completed",
    "request.processing",
  ]);

  await rename(file, `${file}.1`);
  await api.chat("Again", { user: "ann" });
  await untilExpected("the end is in the file", async () =>
    expect(await namesIn(file)).toContain("request.completed"),
  );
  expect((await namesIn(`${file}.1`)).length).toBe(3);
});

test("events are posted in batches, again after a refusal, in the vendor's form and with its key", async () => {
  const collector = await startCollector(1);
  const api = await startFormation(
    await writeFormation({
      "formation.afs": logging(
        `      - { transport: stream, destination: "${collector.url}/in", format: datadog_json, auth: { type: api_key, header: DD-API-KEY, key: dd-key-1 } }\n`,
      ),
    }),
  );
  await api.chat("Hello", { user: "ann" });
  await until("the end is posted", () =>
    collector.received.find(({ body }) => body.includes("request.completed")),
  );
  const [first] = collector.received;
  expect(first).toMatchObject({ path: "/in", headers: { "dd-api-key": "dd-key-1" } });
  expect(JSON.parse(first?.body ?? "")[0]).toMatchObject({
    ddsource: "muxi",
    service: "orchard",
    status: "info",
  });
});

test("a destination that is not there delays no chat, and no end", async () => {
  const api = await startFormation(
    await writeFormation({
      "formation.afs": logging(
        '      - { transport: stream, destination: "http://127.0.0.1:1/in" }\n      - { transport: stream, destination: "tcp://127.0.0.1:1" }\n',
      ),
    }),
  );
  expect((await api.chat("Hello", { user: "ann" })).status).toBe(200);
  await api.runtime.close(0);
});

test("traces and metrics go to the endpoint of the standard variables, by the GenAI conventions", async () => {
  const collector = await startCollector();
  const api = await startFormation(await writeFormation(), {
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: `${collector.url}/`,
      OTEL_EXPORTER_OTLP_HEADERS: "authorization=Bearer%20otel-1",
      OTEL_METRIC_EXPORT_INTERVAL: "50",
      OTEL_SERVICE_NAME: "my-orchard",
    },
  });
  await api.chat("Hello", { user: "ann", session: "s1" });
  const at = (name: string) => collector.received.filter((one) => one.path === `/v1/${name}`);
  const spans = () =>
    at("traces").flatMap(({ body }) => JSON.parse(body).resourceSpans[0].scopeSpans[0].spans as object[]);
  await untilExpected("two spans are posted", () => expect(spans()).toHaveLength(2));
  const [model, request] = spans() as Record<string, unknown>[];
  expect(request).toMatchObject({
    name: expect.stringMatching(/^invoke_agent/),
    traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
  });
  expect(model).toMatchObject({
    name: "chat builtin/extractive",
    kind: 3,
    traceId: request?.traceId,
    parentSpanId: request?.spanId,
    attributes: expect.arrayContaining([
      { key: "gen_ai.operation.name", value: { stringValue: "chat" } },
      { key: "gen_ai.request.model", value: { stringValue: "extractive" } },
      { key: "gen_ai.conversation.id", value: { stringValue: "s1" } },
    ]),
  });
  expect(at("traces")[0]?.headers.authorization).toBe("Bearer otel-1");

  await until("the request is counted", () => at("metrics").find(({ body }) => body.includes('"count":"1"')));
  const { resource, scopeMetrics } = JSON.parse(at("metrics").at(-1)?.body ?? "").resourceMetrics[0];
  expect(resource.attributes).toContainEqual({ key: "service.name", value: { stringValue: "my-orchard" } });
  expect(scopeMetrics[0].metrics.map(({ name }: { name: string }) => name)).toEqual([
    "gen_ai.client.token.usage",
    "gen_ai.client.operation.duration",
  ]);
});

test("tokens of a provider's cache are told apart in traces and metrics", async () => {
  const collector = await startCollector();
  const models = await startModelServer();
  onTestFinished(() => models.close());
  models.defaultReply = { usage: { input: 100, output: 5, cached: 60, cacheWrite: 30 } };
  const llm = `llm:\n  settings: { base_url: "${models.url}/v1" }\n  models: [{ text: anthropic/claude-test }]\n`;
  const api = await startFormation(await writeFormation({ "formation.afs": `${manifest}${llm}` }), {
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_METRIC_EXPORT_INTERVAL: "50" },
  });
  await api.chat("Hello", { user: "ann" });
  const sent = (name: string) =>
    collector.received.flatMap((one) => (one.path === `/v1/${name}` ? [one.body] : []));
  await untilExpected("the call of the model is traced", () => {
    expect(sent("traces").join()).toContain('"chat anthropic/claude-test"');
  });
  for (const [name, count] of [
    ["gen_ai.usage.input_tokens", 100],
    ["gen_ai.usage.output_tokens", 5],
    ["gen_ai.usage.cache_read.input_tokens", 60],
    ["gen_ai.usage.cache_creation.input_tokens", 30],
  ]) {
    expect(sent("traces").join()).toContain(`{"key":"${name}","value":{"intValue":"${count}"}}`);
  }
  const sums = () =>
    JSON.parse(
      sent("metrics").at(-1) ?? "",
    ).resourceMetrics[0].scopeMetrics[0].metrics[0].histogram.dataPoints.map(
      ({ sum, attributes }: { sum: number; attributes: { key: string; value: object }[] }) => [
        attributes.find(({ key }) => key === "gen_ai.token.type")?.value,
        sum,
      ],
    );
  await until("the tokens are counted", () => sent("metrics").at(-1)?.includes("cache_read"));
  expect(sums()).toEqual([
    [{ stringValue: "input" }, 100],
    [{ stringValue: "output" }, 5],
    [{ stringValue: "cache_read" }, 60],
    [{ stringValue: "cache_creation" }, 30],
  ]);
});

test("secrets are always masked, personal data unless it is switched off", () => {
  const secrets = ["sk-live-1234567890abcdef"];
  const event = {
    note: "ann@example.com called +49 170 1234567 with 4111 1111 1111 1111",
    reason: "401 for sk-live-1234567890abcdef and Bearer abcdefghijkl",
    api_key: "anything-at-all",
    list: [{ token: "short" }],
  };
  const masked = createRedactor({ secrets, entities: true }).value(event);
  expect(masked).toEqual({
    note: "[email] called [phone] with [number]",
    reason: "401 for sk-l...cdef and Bearer ...",
    api_key: "...",
    list: [{ token: "..." }],
  });
  expect(createRedactor({ secrets, entities: false }).value(event)).toMatchObject({
    note: event.note,
    api_key: "...",
  });
});
