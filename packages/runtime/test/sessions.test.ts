import { expect, onTestFinished, test } from "vitest";
import { manifest, startFormation, writeFormation } from "./harness.ts";
import { startModelServer } from "./model-server.ts";

const start = async () => startFormation(await writeFormation());

const timesFrom = (start: string, count: number) =>
  Array.from({ length: count }, (_, index) => new Date(Date.parse(start) + index * 1000).toISOString());

test("sessions are listed newest first, to their owner alone", async () => {
  let time = Date.UTC(2026, 0, 1);
  const api = await startFormation(await writeFormation(), { now: () => time });
  const later = async (message: string, user: string, session: string) => {
    time += 60_000;
    await api.chat(message, { user, session });
  };
  await later("One", "ann", "first");
  await later("Two", "ann", "second");
  await later("Three", "ann", "first");
  await later("Four", "bob", "his");

  const { body } = await api.get("/sessions", { user: "ann" });
  expect(body.data.sessions.map(({ session_id }: { session_id: string }) => session_id)).toEqual([
    "first",
    "second",
  ]);
  expect(body.data).toMatchObject({ count: 2, sessions: [{ user_id: "ann", active: true }, {}] });
  expect((await api.get("/sessions?limit=1", { user: "ann" })).body.data.count).toBe(1);
  expect((await api.get("/sessions?limit=0", { user: "ann" })).status).toBe(422);

  time += 3_600_000;
  expect((await api.get("/sessions?active_only=true", { user: "ann" })).body.data.sessions).toEqual([]);

  expect((await api.get("/sessions/first", { user: "ann" })).body.data).toMatchObject({
    session_id: "first",
    message_count: 4,
    active: false,
  });
});

test("a session of another user looks like one that is not there", async () => {
  const api = await start();
  await api.chat("My secret is safe", { user: "ann", session: "hers" });

  expect((await api.get("/sessions/hers", { user: "bob" })).body.error.code).toBe("RESOURCE_NOT_FOUND");
  expect((await api.get("/sessions/hers/messages", { user: "bob" })).body.data.messages).toEqual([]);
  expect((await api.chat("Hi", { user: "bob", session: "hers" })).body.error.code).toBe("RESOURCE_NOT_FOUND");
  const restore = await api.call("POST", "/sessions/hers/restore", { user: "bob", body: { messages: [] } });
  expect(restore.body.error.code).toBe("RESOURCE_NOT_FOUND");
  expect((await api.get("/sessions/hers", { user: "ann" })).body.data.message_count).toBe(2);
});

test("a message names the request that it asks or answers, and a restored one none", async () => {
  const api = await start();
  const { headers } = await api.chat("Hi", { user: "ann", session: "s1" });
  const requestId = headers.get("x-muxi-request-id");
  const messagesOf = async (session: string) =>
    (await api.get(`/sessions/${session}/messages`, { user: "ann" })).body.data.messages;
  expect(await messagesOf("s1")).toMatchObject([
    { role: "user", request_id: requestId },
    { role: "assistant", request_id: requestId },
  ]);
  const messages = [{ role: "user", content: "Hi" }];
  await api.call("POST", "/sessions/s2/restore", { user: "ann", body: { messages } });
  const [restored] = await messagesOf("s2");
  expect(restored).toMatchObject({ content: "Hi" });
  expect(restored).not.toHaveProperty("request_id");
});

test("who takes up the name of a session that was cleared gets nothing of it, not even an answer that was under way", async () => {
  const models = await startModelServer();
  onTestFinished(() => models.close());
  const dir = await writeFormation({
    "formation.afs": `${manifest}
llm:
  settings: { base_url: "${models.url}/v1" }
  models: [{ text: openai/test-model, api_key: sk-test }]
`,
  });
  const api = await startFormation(dir);
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  models.reply({ text: ["Under the ", "stone"], pause: { after: 2, until: held } });
  models.reply({ text: ["Hello Bob"] });

  const underWay = api.chat("Where is my key?", { user: "ann", session: "taken" });
  await models.request(0);
  await api.call("DELETE", "/memory/buffer/taken", { user: "ann" });
  await api.chat("Hi", { user: "bob", session: "taken" });
  release();
  expect((await underWay).status).toBe(200);

  const messagesOf = async (user: string) => {
    const { body } = await api.get("/sessions/taken/messages", { user });
    return body.data.messages.map(({ content }: { content: string }) => content);
  };
  expect(await messagesOf("bob")).toEqual(["Hi", "Hello Bob"]);
  expect(await messagesOf("ann")).toEqual([]);
});

test("messages are paged backwards from the newest", async () => {
  const api = await start();
  const messages = timesFrom("2026-01-01T00:00:00Z", 5).map((timestamp, index) => ({
    role: index % 2 === 0 ? "user" : "assistant",
    content: `m${index}`,
    timestamp,
  }));
  const restored = await api.call("POST", "/sessions/old/restore", { user: "ann", body: { messages } });
  expect(restored.body.data).toMatchObject({ messages_loaded: 5, messages_dropped: 0 });

  const contentsOf = (body: { data: { messages: { content: string }[] } }) =>
    body.data.messages.map(({ content }) => content);
  const newest = await api.get("/sessions/old/messages?limit=2", { user: "ann" });
  expect([contentsOf(newest.body), newest.body.data.has_more]).toEqual([["m3", "m4"], true]);
  const before = encodeURIComponent(newest.body.data.messages[0].timestamp);
  const older = await api.get(`/sessions/old/messages?limit=3&before=${before}`, { user: "ann" });
  expect([contentsOf(older.body), older.body.data.has_more]).toEqual([["m0", "m1", "m2"], false]);
  expect((await api.get("/sessions/none/messages", { user: "ann" })).body.data).toMatchObject({
    messages: [],
    count: 0,
  });
});

test("restoring replaces a session, in the order of time, and keeps the newest that fit", async () => {
  const api = await start();
  const timestamps = timesFrom("2026-01-01T00:00:00Z", 103);
  const messages = timestamps
    .map((timestamp, index) => ({ role: "user", content: `m${index}`, timestamp }))
    .reverse();
  const { body } = await api.call("POST", "/sessions/old/restore", { user: "ann", body: { messages } });
  expect(body.data).toMatchObject({ session_id: "old", messages_loaded: 100, messages_dropped: 3 });
  const { body: stored } = await api.get("/sessions/old/messages?limit=1000", { user: "ann" });
  expect(stored.data.messages[0]).toMatchObject({ content: "m3", text: "m3", timestamp: timestamps[3] });
  expect(stored.data.count).toBe(100);

  const empty = await api.call("POST", "/sessions/old/restore", { user: "ann", body: { messages: [] } });
  expect(empty.body.data.messages_loaded).toBe(0);
  expect((await api.get("/sessions/old", { user: "ann" })).body.data.message_count).toBe(0);

  const bad = await api.call("POST", "/sessions/old/restore", {
    user: "ann",
    body: { messages: [{ role: "robot", content: "x", timestamp: "yesterday" }] },
  });
  expect(bad.body.error.data.validation_errors.map(({ field }: { field: string }) => field)).toEqual([
    "messages.0.role",
    "messages.0.timestamp",
  ]);
});

test("paging with the time of the oldest message seen meets each message once, whatever the clock said", async () => {
  const time = Date.UTC(2026, 5, 1);
  const api = await startFormation(await writeFormation(), { now: () => time });
  const at = (offset: number) => new Date(time + offset).toISOString();
  const messages = [at(0), at(0), at(0), at(86_400_000), at(86_400_000)].map((timestamp, index) => ({
    role: "user",
    content: `m${index}`,
    timestamp,
  }));
  await api.call("POST", "/sessions/s/restore", { user: "ann", body: { messages } });
  await api.chat("Hello there", { user: "ann", session: "s" });
  await api.chat("Hello again", { user: "ann", session: "s" });

  interface Shown {
    id: string;
    content: string;
    timestamp: string;
  }
  const pageBefore = async (before: string | undefined) => {
    const query = before === undefined ? "" : `&before=${encodeURIComponent(before)}`;
    const { data } = (await api.get(`/sessions/s/messages?limit=2${query}`, { user: "ann" })).body;
    return data as { messages: Shown[]; has_more: boolean };
  };
  const pages: Shown[][] = [];
  for (let more = true; more; ) {
    const page = await pageBefore(pages[0]?.[0]?.timestamp);
    pages.unshift(page.messages);
    more = page.has_more;
  }
  const whole = (await api.get("/sessions/s/messages", { user: "ann" })).body.data.messages as Shown[];
  expect(pages.flat()).toEqual(whole);
  expect(whole.map(({ content }) => content).slice(0, 6)).toEqual([
    "m0",
    "m1",
    "m2",
    "m3",
    "m4",
    "Hello there",
  ]);
  expect(whole[0]?.timestamp).toBe(at(0));
  expect(pages.map((page) => page.length)).toEqual([1, 2, 2, 2, 2]);
});
