import { expect, onTestFinished, test } from "vitest";
import { untilExpected } from "../../../test/until.ts";
import { openPrices } from "../src/models/index.ts";
import { type Api, manifest, startFormation, writeFormation } from "./harness.ts";
import { startModelServer } from "./model-server.ts";
import { createSchema, onPostgres } from "./postgres.ts";

const admin = { key: "admin" } as const;
const day = 86_400_000;
const firstDay = Date.UTC(2026, 0, 1);

/** A formation whose models cost 2 dollars, cost nothing known, and have a price that is known. */
const open = async (clock: { now: number } = { now: firstDay }, more = "") => {
  const models = await startModelServer();
  onTestFinished(() => models.close());
  const dir = await writeFormation({
    "formation.afs": `${manifest}
llm:
  settings: { base_url: "${models.url}/v1" }
  api_keys: { openai: sk-test }
  prices: { openai/house-model: { input: 1, output: 2, cached_input: 0.5 } }
agents:
  - { id: house, name: House, description: Knows the house, llm_models: [{ text: openai/house-model }] }
  - { id: barn, name: Barn, description: Knows the barn, llm_models: [{ text: openai/barn-model }] }
  - { id: mini, name: Mini, description: Knows little, llm_models: [{ text: openai/gpt-4o-mini }] }
${onPostgres ? `memory: { persistent: { connection_string: "${await createSchema()}" } }\n` : ""}${more}`,
  });
  const start = () => startFormation(dir, { now: () => clock.now });
  const api = await start();
  const ask = async (
    to: Api,
    user: string,
    agent_id: string,
    usage: { input: number; output: number; cached?: number },
  ) => {
    models.reply({ text: ["Yes."], usage });
    await to.call("POST", "/chat", { user, body: { message: "Is it warm?", agent_id, stream: false } });
    clock.now += 1_000;
  };
  const report = async (from: Api, query = "") => (await from.get(`/usage${query}`, admin)).body.data;
  return { api, ask, report, start, models };
};

const tokens = (input: number, output: number, cached?: number) => ({
  input,
  output,
  ...(cached !== undefined && { cached }),
});

test("what requests used is reported by what they are taken together by, with what it cost where prices are known", async () => {
  const clock = { now: firstDay + 1_000 };
  const { api, ask, report } = await open(clock);
  await ask(api, "ann", "house", tokens(1_000_000, 100_000, 400_000));
  await ask(api, "bob", "barn", tokens(70, 30));
  clock.now += day;
  await ask(api, "bob", "mini", tokens(1_000_000, 0));
  const { rows, total, currency } = await report(api);
  expect(currency).toBe("USD");
  expect(rows).toEqual([
    expect.objectContaining({ model: "openai/house-model", requests: 1, cached_tokens: 400_000, cost: 1 }),
    expect.objectContaining({ model: "openai/gpt-4o-mini", cost: 0.15, unpriced_requests: 0 }),
    expect.objectContaining({ model: "openai/barn-model", input_tokens: 70, output_tokens: 30, cost: null }),
  ]);
  expect(total).toMatchObject({ requests: 3, input_tokens: 2_000_070, cost: 1.15, unpriced_requests: 1 });

  const byUser = (await report(api, "?group_by=user,day")).rows;
  expect(byUser).toMatchObject([
    { user_id: "ann", day: "2026-01-01", cost: 1 },
    { user_id: "bob", day: "2026-01-02", cost: 0.15 },
    { user_id: "bob", day: "2026-01-01", cost: null, unpriced_requests: 1 },
  ]);
  expect((await report(api, "?group_by=agent&to=2026-01-02")).rows).toMatchObject([
    { agent_id: "house" },
    { agent_id: "barn" },
  ]);
});

test("long requests are dearer with some models, many short ones are not, and odd counts of a provider cost what is possible", async () => {
  const priceOf = await openPrices({ llm: { prices: {} } });
  const used = { inputTokens: 100_000, outputTokens: 1_000, cachedTokens: 0, cacheWriteTokens: 0 };
  const model = "google/gemini-2.5-pro";
  const day = new Date(firstDay);
  const one = priceOf(model, day, { requests: 1, ...used });
  const ten = { ...used, inputTokens: 1_000_000, outputTokens: 10_000 };
  expect(priceOf(model, day, { requests: 10, ...ten })).toBeCloseTo(10 * (one ?? 0), 9);
  expect(priceOf(model, day, { requests: 1, ...ten })).toBeGreaterThan(15 * (one ?? 0));
  const odd = { requests: 1, inputTokens: 10, outputTokens: 0, cachedTokens: 20, cacheWriteTokens: 30 };
  expect(priceOf(model, day, odd)).toBeGreaterThan(0);
});

test.each([
  ["group_by=colour", 422],
  ["group_by=user,user", 422],
  ["from=yesterday", 400],
  ["from=2026-02-01&to=2026-01-01", 400],
  ["from=1990-01-01", 400],
])("a report that cannot be made is refused: %s", async (query, status) => {
  const { api } = await open();
  expect((await api.get(`/usage?${query}`, admin)).status).toBe(status);
});

test("a request that failed counts, and users may not see the report", async () => {
  const clock = { now: firstDay };
  const { api, report, models } = await open(clock);
  models.reply({ status: 401, body: "{}" });
  await api.call("POST", "/chat", { user: "ann", body: { message: "Hi", agent_id: "barn", stream: false } });
  clock.now += 1_000;
  expect(await report(api)).toMatchObject({ total: { requests: 1, failed_requests: 1 } });
  expect((await api.get("/usage", { user: "ann" })).status).toBe(401);
});

test("what deleted requests used stays, is added to by those of later, and goes with its own age and with its user", async () => {
  const clock = { now: firstDay };
  const more = "retention: { requests: 1d, usage: 30d }\n";
  const { api, ask, report, start } = await open(clock, more);
  await ask(api, "ann", "house", tokens(10, 1));
  await ask(api, "ann", "house", tokens(20, 2));
  await ask(api, "bob", "barn", tokens(30, 3));
  await api.runtime.close(0);

  clock.now += 3 * day;
  const later = await start();
  const requests = async () => (await later.get("/requests", admin)).body.data.requests;
  await untilExpected("the requests are deleted", async () => expect(await requests()).toEqual([]));
  const all = await report(later, "?from=2026-01-01&group_by=user");
  expect(all.total).toMatchObject({ requests: 3, input_tokens: 60, output_tokens: 6 });
  await ask(later, "ann", "house", tokens(5, 5));
  expect((await report(later, "?from=2026-01-01&group_by=user,model")).rows).toMatchObject([
    { user_id: "ann", requests: 3, input_tokens: 35, output_tokens: 8 },
    { user_id: "bob", requests: 1 },
  ]);
  expect((await report(later, "?from=2026-01-02&group_by=user,model")).rows).toMatchObject([
    { user_id: "ann", requests: 1 },
  ]);

  await later.call("DELETE", "/users/bob", admin);
  expect((await report(later, "?from=2026-01-01&group_by=user")).rows).toMatchObject([{ user_id: "ann" }]);
  await later.runtime.close(0);

  clock.now += 40 * day;
  const last = await start();
  await untilExpected("it is as old as it is kept", async () =>
    expect((await report(last, "?from=2026-01-01")).total).toMatchObject({ requests: 0, cost: null }),
  );
});
