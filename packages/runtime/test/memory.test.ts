import { expect, test } from "vitest";
import { until, untilExpected } from "../../../test/until.ts";
import { type Api, manifest, startFormation, writeFormation } from "./harness.ts";
import { fact, replyWith, startWithModel } from "./learning.ts";

const start = async (memory = "") =>
  startFormation(await writeFormation({ "formation.afs": `${manifest}${memory}` }));

const add = (api: Api, user: string, body: Record<string, unknown>, key: "client" | "admin" = "client") =>
  api.call("POST", "/memories", { user, key, body });

const contents = async (api: Api, user: string, query = "", key: "client" | "admin" = "client") => {
  const { body } = await api.get(`/memories${query}`, { user, key });
  return body.data.memories.map(({ content }: { content: string }) => content);
};

test("a memory is added as the SDK sends it, listed newest first, recalled, and deleted by its owner alone", async () => {
  const api = await start();
  const added = await add(api, "Ann", { type: "preference", detail: "Prefers the Egremont Russet apple" });
  expect(added).toMatchObject({
    status: 200,
    body: {
      object: "memory",
      type: "memory.created",
      data: {
        content: "Prefers the Egremont Russet apple",
        metadata: { type: "preference", collection: "preferences" },
        scope: "user",
        scope_id: null,
      },
    },
  });
  await add(api, "ann", { content: "Owns two ladders", detail: "ignored", metadata: { source: "form" } });
  const { body } = await api.get("/memories", { user: "ann" });
  expect(body).toMatchObject({
    object: "memory_list",
    data: { count: 2, memories: [{ content: "Owns two ladders", metadata: { source: "form" } }, {}] },
  });
  expect(await contents(api, "ann", "?limit=1&offset=1")).toEqual(["Prefers the Egremont Russet apple"]);
  const { body: answer } = await api.chat("Which apple do I prefer?", { user: "ann" });
  expect(answer.data.message.content).toContain("Egremont Russet");

  const { id } = added.body.data;
  const foreign = await api.call("DELETE", `/memories/${id}`, { user: "bob" });
  expect([foreign.status, foreign.body.error.code]).toEqual([404, "NOT_FOUND"]);
  expect((await api.call("DELETE", `/memories/${id}`, { user: "ann" })).body.data).toEqual({
    deleted: id,
    user_id: "ann",
  });
  expect((await api.call("DELETE", `/memories/${id}`, { user: "ann" })).status).toBe(404);
  expect(await contents(api, "ann")).toEqual(["Owns two ladders"]);
});

test.each([
  [{}, "detail"],
  [{ detail: "  " }, "detail"],
  [{ content: "x", scope: "world" }, "scope"],
  [{ content: "x", scope: "group" }, "scope_id"],
  [{ content: "x".repeat(10_001) }, "content"],
  [{ content: "x", metadata: { big: "x".repeat(20_000) } }, "metadata"],
])("body %# is no memory", async (body, field) => {
  const answer = await add(await start(), "ann", body, "admin");
  expect([answer.status, answer.body.error.code]).toEqual([422, "INVALID_PARAMS"]);
  expect(answer.body.error.data.validation_errors[0].field).toBe(field);
});

test("memories need a user, and lists have their limits", async () => {
  const api = await start();
  expect((await api.get("/memories")).body.error.code).toBe("INVALID_REQUEST");
  for (const query of ["limit=0", "limit=101", "offset=-1", "scopes=all"]) {
    expect((await api.get(`/memories?${query}`, { user: "ann" })).status).toBe(422);
  }
});

test("what all users share is written with the admin key, and known to everybody", async () => {
  const api = await start();
  const shared = { content: "The cider press stands in the red barn", scope: "formation" };
  const refused = await add(api, "ann", shared);
  expect([refused.status, refused.body.error.code]).toEqual([403, "FORBIDDEN"]);
  await add(api, "ann", shared, "admin");
  await add(api, "ann", { content: "Pickers meet at six", scope: "group", scope_id: "pickers" }, "admin");

  expect(await contents(api, "bob")).toEqual([shared.content]);
  expect(await contents(api, "bob", "?scopes=user")).toEqual([]);
  expect(await contents(api, "bob", "?scopes=group")).toEqual([]);
  expect(await contents(api, "bob", "?scopes=group", "admin")).toEqual(["Pickers meet at six"]);
  const { body } = await api.chat("Where does the cider press stand?", { user: "bob" });
  expect(body.data.message.content).toContain("red barn");
});

test("plain statements are learned by rule: once, the newer over the older, and nothing confidential", async () => {
  const api = await start();
  for (const message of [
    "Remember that the ladder is in the shed",
    "My favourite apple is the Bramley",
    "my favourite apple is the Cox",
    "My favourite apple is the Cox",
    "My password is hunter2",
    "Where is the ladder?",
    "Hello",
  ]) {
    await api.chat(message, { user: "ann" });
  }
  expect((await contents(api, "ann")).sort()).toEqual([
    "My favourite apple is the Cox",
    "the ladder is in the shed",
  ]);
  expect(await contents(api, "bob")).toEqual([]);
});

test("without long-term memory lists are empty, writes say so, and nothing is learned", async () => {
  const api = await start("memory: { persistent: false }\n");
  const refused = await add(api, "ann", { content: "x" });
  expect([refused.status, refused.body.error.code]).toEqual([503, "SERVICE_UNAVAILABLE"]);
  await api.chat("My favourite apple is the Cox", { user: "ann" });
  expect(await contents(api, "ann")).toEqual([]);
  const { body } = await api.chat("Which apple is my favourite?", { user: "ann" });
  expect(body.data.message.content).not.toContain("Cox");
  expect((await api.get("/memory", { key: "admin" })).body.data.persistent.enabled).toBe(false);
});

test("many memories are taken in at once, known ones passed over, and forgotten by their source", async () => {
  const api = await start();
  const items = [
    { content: "Likes tea", source: "crm", source_id: "1" },
    { content: "Owns a tractor", source: "crm", source_id: "2" },
    { content: "Likes tea", source: "crm", source_id: "1" },
    { content: "No source" },
  ];
  const { body } = await api.call("POST", "/memories/batch", { user: "ann", body: { items } });
  expect(body.data).toMatchObject({
    counts: { accepted: 2, duplicate: 1, invalid: 1 },
    items: [
      { status: "accepted" },
      { status: "accepted" },
      { status: "duplicate" },
      { status: "invalid", error: expect.stringContaining("source") },
    ],
  });
  const { processing_id } = body.data;
  const report = await api.get(`/memories/ingestion/${processing_id}`, { user: "ann" });
  expect(report.body.data).toMatchObject({ status: "completed", counts: { accepted: 2 } });
  expect((await api.get(`/memories/ingestion/${processing_id}`, { user: "bob" })).status).toBe(404);

  const again = await api.call("POST", "/memories/batch", { user: "ann", body: { items: [items[0]] } });
  expect(again.body.data).toMatchObject({ processing_id: null, counts: { accepted: 0, duplicate: 1 } });
  const forgotten = await api.call("POST", "/memory/forget", {
    key: "admin",
    body: { user_id: "ann", source: "crm" },
  });
  expect(forgotten.body.data).toMatchObject({ user_id: "ann", deleted_events: 2 });
  expect(await contents(api, "ann")).toEqual([]);
});

test("the formation says how long a memory may be, and how many come at once", async () => {
  const api = await start("input_limits: { max_memory_entry_size: 20, max_batch_items: 2 }\n");
  expect((await add(api, "ann", { content: "x".repeat(20) })).status).toBe(200);
  const refused = await add(api, "ann", { detail: "x".repeat(21) });
  expect(refused.status).toBe(422);
  expect(refused.body.error.message).toContain("input_limits.max_memory_entry_size");
  const item = (content: string) => ({ content, source: "crm" });
  const batch = (...items: object[]) => api.call("POST", "/memories/batch", { user: "ann", body: { items } });
  expect((await batch(item("Likes tea"), item("y".repeat(21)))).body.data).toMatchObject({
    counts: { accepted: 1, duplicate: 0, invalid: 1 },
    items: [{}, { error: expect.stringContaining("21 characters") }],
  });
  const many = await batch(item("a"), item("b"), item("c"));
  expect(many.status).toBe(422);
  expect(many.body.error.message).toContain("input_limits.max_batch_items");
});

test("the memory settings are shown with their defaults and without a password", async () => {
  const api = await start("memory: { buffer: { size: 5 } }\n");
  const { body } = await api.get("/memory", { key: "admin" });
  expect(body).toMatchObject({
    object: "memory_config",
    type: "memory.config.retrieved",
    data: { buffer: { size: 5, multiplier: 10 }, persistent: { enabled: true } },
  });
  expect((await api.get("/memory", { user: "ann" })).status).toBe(401);
});

test("several facts become a synopsis, which stands before the memories in the prompt", async () => {
  const { api, server } = await startWithModel();
  server.factsReply = replyWith(
    fact("The user likes russets"),
    fact("The user has a daughter Ada"),
    fact("The user hates pears"),
  );
  server.defaultReply = ({ body }) => ({
    text: [JSON.stringify(body).includes("short profile") ? "A friend of russets." : "Fine."],
  });
  await api.chat("My favourite apple is the russet, my daughter is Ada, and I hate pears", { user: "ann" });
  let prompt = "";
  await until("the synopsis is in the prompt", async () => {
    await api.chat("What about russets?", { user: "ann" });
    prompt = JSON.stringify(server.requests.at(-1)?.body);
    return prompt.includes("A friend of russets.");
  });
  expect(prompt.indexOf("A friend of russets.")).toBeLessThan(prompt.indexOf("The user likes russets"));
});

test("a synopsis is not written again for every fact; a minute later it is, with all of them", async () => {
  let time = Date.UTC(2026, 0, 1);
  const { api, server } = await startWithModel("", "", { now: () => time });
  const profiles = () =>
    server.requests.map(({ body }) => JSON.stringify(body)).filter((body) => body.includes("short profile"));
  const tell = async (...memories: string[]) => {
    server.factsReply = replyWith(...memories.map((memory) => fact(memory)));
    await api.chat(`My favourite fruit is something to note: ${memories.join()}`, { user: "ann" });
    await untilExpected("all that was told is known", async () =>
      expect(await contents(api, "ann")).toEqual(expect.arrayContaining(memories)),
    );
  };
  await tell("The user likes russets", "The user has a daughter Ada", "The user hates pears");
  await untilExpected("a synopsis is asked for", () => expect(profiles()).toHaveLength(1));
  await tell("The user grows quinces");
  await tell("The user owns two ladders");
  time += 60_000;
  await tell("The user keeps bees");
  await untilExpected("another synopsis is asked for", () => expect(profiles()).toHaveLength(2));
  for (const told of ["quinces", "ladders"]) expect(profiles()[1]).toContain(told);
});

test("with an embedding model a memory is found by its meaning, and words still work when the model fails", async () => {
  const { api, server } = await startWithModel("", `, { embedding: openai/test-embedding }`);
  const fruit = /apple|fruit|orchard/i;
  server.embed = (text) => (fruit.test(text) ? [1, 0.1, 0] : [0, 0.1, 1]);
  await add(api, "ann", { content: "Grows apples" });
  await add(api, "ann", { content: "Drives a tractor" });
  const promptFor = async (message: string) => {
    await api.chat(message, { user: "ann" });
    return JSON.stringify(server.requests.at(-1)?.body);
  };
  await untilExpected("the synopsis is in the prompt", async () =>
    expect(await promptFor("Which fruit is mine then?")).toContain("Grows apples"),
  );
  expect(await promptFor("Which fruit is mine then?")).not.toContain("Drives a tractor");

  server.embed = () => [];
  expect(await promptFor("Who drives the tractor?")).toContain("Drives a tractor");
});

test("the buffer is counted and cleared for a user, a session or everybody", async () => {
  const api = await start("memory: { buffer: { size: 2, multiplier: 2 } }\n");
  for (const [user, session] of [
    ["ann", "a1"],
    ["ann", "a1"],
    ["ann", "a2"],
    ["bob", "b1"],
  ] as const) {
    await api.chat("Hello", { user, session });
  }
  const { body } = await api.get("/memory/buffer", { user: "ann" });
  expect(body).toMatchObject({
    object: "memory",
    type: "memory.buffer.status",
    data: {
      user_id: "ann",
      total_messages: 4,
      sessions: [
        { session_id: "a2", message_count: 2 },
        { session_id: "a1", message_count: 2 },
      ],
    },
  });
  const stats = await api.get("/memory/stats", { key: "admin" });
  expect(stats.body.data).toMatchObject({ total_entries: 6, total_users: 2, max_size: 8, utilization: 0.75 });

  const clear = async (path: string, options: { user?: string; key?: "admin" | "client" }) =>
    (await api.call("DELETE", `/memory/buffer${path}`, options)).body.data;
  expect(await clear("/a1", { user: "bob" })).toMatchObject({ messages_cleared: 0 });
  expect(await clear("/a1", { user: "ann" })).toMatchObject({ session_id: "a1", messages_cleared: 4 });
  expect((await api.get("/sessions/a1/messages", { user: "ann" })).body.data.messages).toEqual([]);
  expect(await clear("", { user: "ann" })).toMatchObject({
    user_id: "ann",
    messages_cleared: 2,
    sessions_cleared: 1,
  });
  expect((await api.call("DELETE", "/memory/buffer")).body.error.code).toBe("INVALID_REQUEST");
  expect(await clear("", { key: "admin" })).toMatchObject({
    user_id: null,
    messages_cleared: 2,
    sessions_cleared: 1,
  });
});

test("history tells of the conversations between two days", async () => {
  let time = Date.UTC(2026, 0, 1, 12);
  const api = await startFormation(await writeFormation(), { now: () => time });
  await api.chat("About apples", { user: "ann", session: "first" });
  time = Date.UTC(2026, 1, 1, 12);
  await api.chat("About pears", { user: "ann", session: "second" });

  const { body } = await api.get("/history?include_sources=true", { user: "ann" });
  expect(body.data).toMatchObject({
    count: 2,
    entries: [
      { session_id: "second", title: "About pears", message_count: 2, sources: [{ role: "user" }, {}] },
      { session_id: "first", created_at: "2026-01-01T12:00:00.000Z" },
    ],
  });
  const titles = async (query: string, user = "ann") =>
    (await api.get(`/history?${query}`, { user })).body.data.entries.map(
      ({ title }: { title: string }) => title,
    );
  expect(await titles("date_from=2026-01-15")).toEqual(["About pears"]);
  expect(await titles("date_to=2026-01-01")).toEqual(["About apples"]);
  expect(await titles("", "bob")).toEqual([]);
  expect((await api.get("/history?date_from=soon", { user: "ann" })).status).toBe(422);
});

test("no client call shows one user what belongs to another", async () => {
  const api = await start();
  await api.chat("My favourite apple is the Zabergau", { user: "ann", session: "hers" });
  const { body } = await add(api, "ann", { detail: "Zabergau trees need space" });
  const seen = await Promise.all(
    [
      "/sessions",
      "/sessions/hers",
      "/sessions/hers/messages",
      "/memories",
      "/memory/buffer",
      "/history?include_sources=true",
    ].map(async (path) => JSON.stringify((await api.get(path, { user: "bob" })).body.data)),
  );
  for (const data of seen) expect(data).not.toContain("Zabergau");
  expect(seen[0]).toContain('"count":0');
  await api.call("DELETE", `/memories/${body.data.id}`, { user: "bob" });
  await api.call("DELETE", "/memory/buffer/hers", { user: "bob" });
  await api.call("DELETE", "/memory/buffer", { user: "bob" });
  expect(await contents(api, "ann")).toHaveLength(2);
  expect((await api.get("/sessions/hers", { user: "ann" })).body.data.message_count).toBe(2);
  const { body: his } = await api.chat("Which apple is my favourite?", { user: "bob" });
  expect(his.data.message.content).not.toContain("Zabergau");
});
