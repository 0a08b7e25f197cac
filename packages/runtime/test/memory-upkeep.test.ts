import { expect, test } from "vitest";
import { type Api, manifest, startFormation, writeFormation } from "./harness.ts";
import { startWithModel } from "./learning.ts";

const add = async (api: Api, content: string, more: object = {}) =>
  (await api.call("POST", "/memories", { user: "ann", body: { content, ...more } })).body.data.id;

const contents = async (api: Api, query = "") =>
  (await api.get(`/memories${query}`, { user: "ann" })).body.data.memories.map(
    ({ content }: { content: string }) => content,
  );

const promptFor = async ({ api, server }: Awaited<ReturnType<typeof startWithModel>>, message: string) => {
  await api.chat(message, { user: "ann" });
  return JSON.stringify(server.requests.at(-1)?.body);
};

test("who asks for what was before is told of it with its time, and nobody else is", async () => {
  let time = Date.UTC(2026, 0, 1);
  const formation = await startWithModel("extraction: false", "", { now: () => time });
  const { api } = formation;
  for (const town of ["Lisbon", "Porto", "Faro"]) {
    await add(api, `The user lives in ${town}`, { subject: "home" });
    time += 31 * 86_400_000;
  }
  const now = await promptFor(formation, "In which town do I live?");
  expect(now).toContain("The user lives in Faro");
  expect(now).not.toMatch(/Porto|Lisbon|since/);
  for (const message of ["Where did I live before?", "Wo lebte ich früher, I live?", "以前 I live どこ"]) {
    const prompt = await promptFor(formation, message);
    expect(prompt).toContain("The user lives in Faro (since 2026-03-04)");
    expect(prompt).toContain("The user lives in Porto (before 2026-03-04)");
    expect(prompt).toContain("The user lives in Lisbon (before 2026-02-01)");
  }
});

test("who names a month is told what held then", async () => {
  let time = Date.UTC(2026, 0, 1);
  const formation = await startWithModel("extraction: false", "", { now: () => time });
  for (const town of ["Lisbon", "Porto"]) {
    await add(formation.api, `The user lives in ${town}`, { subject: "home" });
    time += 100 * 86_400_000;
  }
  for (const message of [
    "Where did I live in February?",
    "Wo lebte ich im März, I live?",
    "今年2月 I live どこ",
  ])
    expect(await promptFor(formation, message)).toContain("The user lives in Lisbon (before 2026-04-11)");
  expect(await promptFor(formation, "May I go on living here?")).not.toContain("Lisbon");
});

test("a memory is found by another form of its words", async () => {
  const formation = await startWithModel("extraction: false");
  await add(formation.api, "The user has a sibling named Emeric");
  await add(formation.api, "The user drives a Saab");
  expect(await promptFor(formation, "Do I have siblings?")).toContain("Emeric");
  expect(await promptFor(formation, "What was I driving?")).toContain("Saab");
});

test("what a memory said before stands beside the many earlier values of another", async () => {
  let time = Date.UTC(2026, 0, 1);
  const formation = await startWithModel("extraction: false", "", { now: () => time });
  const write = async (content: string, subject: string) => {
    await add(formation.api, content, { subject });
    time += 60_000;
  };
  for (const name of ["Ash", "Birch"]) await write(`The user's boat is the ${name}`, "boat");
  for (let number = 1; number <= 14; number++) await write(`The user's berth is ${number}`, "berth");
  const prompt = await promptFor(formation, "Which boat and berth did the user have before?");
  expect(prompt).toContain("The user's boat is the Ash (before");
  expect(prompt).toContain("The user's berth is 3 (before");
  expect(prompt).not.toContain("The user's berth is 2 (before");
});

test("the built-in model answers where somebody lived before", async () => {
  let time = Date.UTC(2026, 0, 1);
  const api = await startFormation(await writeFormation(), { now: () => time });
  await api.chat("I live in Lisbon", { user: "ann" });
  time = Date.UTC(2026, 2, 1);
  await api.chat("I live in Porto", { user: "ann" });
  const { body } = await api.chat("Where did I live before?", { user: "ann" });
  expect(body.data.message.content).toContain("Lisbon (before 2026-03-01)");
});

test("a pinned memory is recalled with every message, until it is unpinned", async () => {
  const formation = await startWithModel("extraction: false");
  const { api } = formation;
  const id = await add(api, "The user must not eat walnuts", { pinned: true });
  for (const subject of ["one", "two", "three", "four"])
    await add(api, `Trees need pruning, says ${subject}`);
  const greetings = ["Hi", "When do trees need pruning?", "Hi again", "And hi"];
  for (const message of greetings) expect(await promptFor(formation, message)).toContain("walnuts");
  await api.call("PATCH", `/memories/${id}`, { user: "ann", body: { pinned: false } });
  expect(await promptFor(formation, "When do trees need pruning, then?")).not.toContain("walnuts");
  // Another user has no part in it.
  await api.call("PATCH", `/memories/${id}`, { user: "ann", body: { pinned: true } });
  await api.chat("Hi", { user: "bob" });
  expect(JSON.stringify(formation.server.requests.at(-1)?.body)).not.toContain("walnuts");
});

test("a memory that has expired is not listed, shown or recalled", async () => {
  let time = Date.UTC(2026, 0, 1);
  const formation = await startWithModel("extraction: false", "", { now: () => time });
  const { api } = formation;
  const id = await add(api, "The user has borrowed a ladder", { ttl: 60 });
  await add(api, "The user owns a saw");
  for (let use = 0; use < 3; use++) {
    expect(await promptFor(formation, `Who has the ladder, ${use}?`)).toContain("borrowed a ladder");
  }
  time += 60_000;
  expect(await promptFor(formation, "Who has the ladder now?")).not.toContain("borrowed a ladder");
  expect(await contents(api)).toEqual(["The user owns a saw"]);
  expect((await api.get(`/memories/${id}`, { user: "ann" })).status).toBe(404);
  expect((await api.call("PATCH", `/memories/${id}`, { user: "ann", body: { ttl: null } })).status).toBe(404);
  // The same, written again, lives on.
  await add(api, "The user has borrowed a ladder");
  expect(await contents(api)).toHaveLength(2);
});

test("a part of a second may be left until a memory is forgotten", async () => {
  const time = Date.UTC(2026, 0, 1);
  const api = await startFormation(await writeFormation(), { now: () => time });
  const id = await add(api, "The kettle is on", { ttl: 0.0015 });
  const expiry = async () => (await api.get(`/memories/${id}`, { user: "ann" })).body.data.expires_at;
  expect(await expiry()).toBe("2026-01-01T00:00:00.002Z");
  const edit = { user: "ann", body: { ttl: 1.2345 } };
  expect((await api.call("PATCH", `/memories/${id}`, edit)).status).toBe(200);
  expect(await expiry()).toBe("2026-01-01T00:00:01.235Z");
});

test("what has expired is taken from its source again, and what it said before keeps nothing out", async () => {
  let time = Date.UTC(2026, 0, 1);
  const api = await startFormation(await writeFormation(), { now: () => time });
  const send = async (...items: object[]) =>
    (await api.call("POST", "/memories/batch", { user: "ann", body: { items } })).body.data.counts;
  const numbered = { content: "Rents a flat", subject: "home", source: "crm", source_id: "1", ttl: 60 };
  const replacing = { ...numbered, content: "Rents a house", source_id: "2" };
  const worded = { content: "Has borrowed a ladder", source: "crm", ttl: 60 };
  await send(numbered);
  await send(replacing, worded);
  expect(await send(numbered, replacing, worded)).toEqual({ accepted: 0, duplicate: 3, invalid: 0 });
  time += 60_000;
  expect(await contents(api)).toEqual([]);
  expect(await send(replacing, worded)).toEqual({ accepted: 2, duplicate: 0, invalid: 0 });
  expect((await contents(api)).sort()).toEqual(["Has borrowed a ladder", "Rents a house"]);
  time += 60_000;
  expect(await send(numbered)).toEqual({ accepted: 1, duplicate: 0, invalid: 0 });
});

test("pinned memories that have expired take no place of those that have not", async () => {
  let time = Date.UTC(2026, 0, 1);
  const formation = await startWithModel("extraction: false", "", { now: () => time });
  const { api } = formation;
  await add(api, "The user must not eat walnuts", { pinned: true });
  for (let day = 1; day <= 20; day++) await add(api, `Day ${day} is busy`, { pinned: true, ttl: 60 });
  time += 60_000;
  for (const message of ["Hi", "Hi again", "And hi"]) {
    const prompt = await promptFor(formation, message);
    expect(prompt).toContain("walnuts");
    expect(prompt).not.toContain("is busy");
  }
});

test("a user has at most so many memories: what has expired goes first, then what matters least; never what is pinned", async () => {
  let time = Date.UTC(2026, 0, 1);
  const limit = "memory: { persistent: { max_memories: 3 } }\n";
  const api = await startFormation(await writeFormation({ "formation.afs": `${manifest}${limit}` }), {
    now: () => time,
  });
  const write = async (content: string, importance: number, more: object = {}) => {
    time += 1_000;
    await add(api, content, { metadata: { importance }, ...more });
  };
  await write("Pinned", 0.1, { pinned: true });
  await write("Short-lived", 0.9, { ttl: 1 });
  await write("Minor", 0.3);
  await write("Least", 0.2);
  expect(await contents(api)).toEqual(["Least", "Minor", "Pinned"]);
  await write("Major", 0.8);
  expect(await contents(api)).toEqual(["Major", "Minor", "Pinned"]);
  await write("Newest", 0);
  expect(await contents(api)).toEqual(["Newest", "Major", "Pinned"]);
  // What many share is not limited by it.
  for (const content of ["One", "Two", "Three", "Four"]) {
    const body = { content, scope: "formation" };
    await api.call("POST", "/memories", { user: "ann", key: "admin", body });
  }
  expect(await contents(api, "?scopes=formation")).toHaveLength(4);
});

test("of what a user pins, the newest 20 are kept, and the others make room as if they were not pinned", async () => {
  let time = Date.UTC(2026, 0, 1);
  const limit = "memory: { persistent: { max_memories: 22 } }\n";
  const api = await startFormation(await writeFormation({ "formation.afs": `${manifest}${limit}` }), {
    now: () => time,
  });
  const write = async (content: string, importance: number, pinned: boolean) => {
    time += 1_000;
    await add(api, content, { metadata: { importance }, pinned });
  };
  await write("Has a boat", 0.7, false);
  await write("Pinned first", 0.5, true);
  await write("Pinned second", 0.9, true);
  for (let number = 3; number <= 22; number++) await write(`Pinned as number ${number}`, 0.1, true);
  const known = async () => (await contents(api, "?limit=100")).toReversed();
  expect((await known()).slice(0, 3)).toEqual(["Has a boat", "Pinned second", "Pinned as number 3"]);
  await write("Has a dinghy", 0.2, false);
  expect((await known()).slice(0, 2)).toEqual(["Pinned second", "Pinned as number 3"]);
  expect(await known()).toHaveLength(22);
});

test("memories are listed by their collections", async () => {
  const api = await startFormation(await writeFormation());
  await add(api, "Prefers tea", { type: "preference" });
  await add(api, "Wants to run", { type: "goal" });
  await add(api, "Sat down", { type: "fact" });
  expect(await contents(api, "?collections=preference")).toEqual(["Prefers tea"]);
  expect(await contents(api, "?collections=preferences,goals")).toEqual(["Wants to run", "Prefers tea"]);
  expect((await api.get("/memories?collections=", { user: "ann" })).status).toBe(422);
});
