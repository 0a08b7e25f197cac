import { readFile, rename } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { until, untilExpected } from "../../../test/until.ts";
import { createRedactor } from "../src/observability/index.ts";
import { startCollector } from "./collector.ts";
import { manifest, startFormation, writeFormation } from "./harness.ts";

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
