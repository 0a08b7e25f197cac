import { expect, test } from "vitest";
import { type Api, startFormation, writeFormation } from "./harness.ts";

const start = async () => startFormation(await writeFormation());

const exported = async (api: Api, user = "ann") => {
  const response = await api.request("GET", "/memories/export", { user });
  expect(response.headers.get("content-type")).toBe("application/x-ndjson");
  return response.text();
};

const linesOf = (text: string) =>
  text
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));

const bringIn = async (api: Api, body: unknown, user = "ann") => {
  const headers: Record<string, string> =
    typeof body === "string" ? { "Content-Type": "application/x-ndjson" } : {};
  const answer = await api.call("POST", "/memories/import", { user, body, headers });
  return answer.body.data;
};

const contents = async (api: Api, user = "ann") =>
  (await api.get("/memories?limit=100", { user })).body.data.memories.map(
    ({ content }: { content: string }) => content,
  );

test("what is exported of one formation is brought into another once, and corrected there as it would have been here", async () => {
  const [here, there] = [await start(), await start()];
  await here.chat("My favourite apple is the Bramley", { user: "ann", session: "s1" });
  await here.chat("My favourite apple is the Cox", { user: "ann", session: "s1" });
  const written = {
    content: "Must not eat walnuts",
    type: "preference",
    pinned: true,
    metadata: { by: "nurse" },
  };
  await here.call("POST", "/memories", {
    user: "ann",
    body: { ...written, source: "clinic", source_id: "7" },
  });
  await here.call("POST", "/memories", { user: "bob", body: { content: "Bob keeps bees" } });
  await here.call("POST", "/memories", {
    user: "ann",
    key: "admin",
    body: { content: "The press is in the barn", scope: "formation" },
  });

  const text = await exported(here);
  expect(linesOf(text)).toMatchObject([
    {
      content: "My favourite apple is the Cox",
      collection: "preferences",
      source: "extraction",
      session_id: "s1",
      quote: "My favourite apple is the Cox",
      history: [{ content: "My favourite apple is the Bramley" }],
    },
    {
      content: "Must not eat walnuts",
      source: "clinic",
      source_id: "7",
      pinned: true,
      metadata: { by: "nurse" },
    },
  ]);
  const none = { duplicate: 0, invalid: 0 };
  expect(await bringIn(there, text)).toEqual({ counts: { ...none, accepted: 2 }, errors: [] });
  expect(await bringIn(there, text)).toEqual({ counts: { ...none, accepted: 0, duplicate: 2 }, errors: [] });
  // What stands in the formation that it comes from is not brought in a second time.
  expect((await bringIn(here, text)).counts).toMatchObject({ duplicate: 2 });

  const apple = linesOf(await exported(there)).find(({ source }) => source === "extraction");
  expect(apple).toMatchObject({ source: "extraction", session_id: null, quote: null, history: [] });
  await there.chat("My favourite apple is the Russet", { user: "ann" });
  expect((await contents(there)).sort()).toEqual([
    "Must not eat walnuts",
    "My favourite apple is the Russet",
  ]);
  expect((await bringIn(there, text)).counts).toMatchObject({ accepted: 0, duplicate: 2 });
  expect(await contents(there, "bob")).toEqual([]);
});

test("of many lines those that are invalid are named, and keep no other out", async () => {
  const api = await start();
  const lines = [
    '{"content":"Likes tea","source":"crm","source_id":"1"}',
    "{",
    "",
    '{"content":"Likes cake"}',
    '{"content":"Likes tea, too","source":"crm","source_id":"1"}',
    `{"content":"${"x".repeat(10_001)}","source":"crm"}`,
    '{"content":"Owns a saw","source":"crm","expires_at":"soon"}',
    '{"content":"Likes tea","source":"other","source_id":"1"}',
  ];
  expect(await bringIn(api, lines.join("\n"))).toEqual({
    counts: { accepted: 2, duplicate: 1, invalid: 4 },
    errors: [
      { index: 1, error: expect.stringContaining("object") },
      { index: 2, error: expect.stringContaining("source") },
      { index: 4, error: expect.stringContaining("input_limits.max_memory_entry_size") },
      { index: 5, error: expect.stringContaining("expires_at") },
    ],
  });
  expect(await contents(api)).toEqual(["Likes tea", "Likes tea"]);
  const tooMany = {
    memories: Array.from({ length: 5_001 }, (_, index) => ({ content: `${index}`, source: "crm" })),
  };
  expect((await api.call("POST", "/memories/import", { user: "ann", body: tooMany })).status).toBe(422);
});

test("more memories than go at once are exported whole, and to nobody else", async () => {
  const api = await start();
  const count = 450;
  const memories = Array.from({ length: count }, (_, index) => ({
    content: `Tree ${index}`,
    source: "list",
  }));
  expect((await bringIn(api, { memories })).counts.accepted).toBe(count);
  const lines = linesOf(await exported(api));
  expect(lines.map(({ content }) => content).sort()).toEqual(memories.map(({ content }) => content).sort());
  expect(await exported(api, "bob")).toBe("");
});

test("an item of a source is taken once, also when something else has taken its place, or says what it is about", async () => {
  const api = await start();
  const send = async (items: object[]) =>
    (await api.call("POST", "/memories/batch", { user: "ann", body: { items } })).body.data.counts;
  const item = { content: "Lives in Lisbon", subject: "home", source: "crm", source_id: "1" };
  expect(await send([item])).toMatchObject({ accepted: 1 });
  // Another one about the same takes its place.
  expect(await send([{ ...item, content: "Lives in Porto", source_id: "2" }])).toMatchObject({ accepted: 1 });
  expect(await contents(api)).toEqual(["Lives in Porto"]);
  expect(await send([item, { ...item, subject: "house" }])).toMatchObject({ accepted: 0, duplicate: 2 });
  expect(await contents(api)).toEqual(["Lives in Porto"]);
});
