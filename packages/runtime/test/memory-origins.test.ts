import { expect, test } from "vitest";
import { until } from "../../../test/until.ts";
import { type Api, startFormation, writeFormation } from "./harness.ts";
import { fact, replyWith, startWithModel } from "./learning.ts";

const memoriesOf = async (api: Api, user = "ann") =>
  (await api.get("/memories", { user })).body.data.memories;

const idOf = async (api: Api, content: string): Promise<string> =>
  (await memoriesOf(api)).find((memory: { content: string }) => memory.content === content)?.id;

const detailOf = async (api: Api, id: string, user = "ann") => api.get(`/memories/${id}`, { user });

const messagesOf = async (api: Api, session: string) =>
  (await api.get(`/sessions/${session}/messages`, { user: "ann" })).body.data.messages;

test("a memory that a model learned says which message states it, and in which words", async () => {
  const time = Date.UTC(2026, 0, 1);
  const { api, server } = await startWithModel("", "", { now: () => time });
  server.factsReply = replyWith(fact("The user lives in Kent", { quote: "I live in Kent" }));
  await api.chat("The hens come later", { user: "ann", session: "s1" });
  await api.chat("I live in Kent, behind the mill", { user: "ann", session: "s1" });
  await until("something is known of Ann", async () => (await memoriesOf(api))[0]);

  const said = (await messagesOf(api, "s1")).find(({ content }: { content: string }) =>
    content.startsWith("I live"),
  );
  const { body } = await detailOf(api, await idOf(api, "The user lives in Kent"));
  expect(body).toMatchObject({
    object: "memory",
    type: "memory.retrieved",
    data: {
      content: "The user lives in Kent",
      valid_from: said.timestamp,
      origin: {
        source: "extraction",
        session_id: "s1",
        request_id: said.metadata.request_id ?? said.request_id,
        message_id: said.message_id ?? said.id,
        quote: "I live in Kent",
        said_at: said.timestamp,
      },
      history: [],
    },
  });
});

test("a memory that the rules learned says so too, and keeps what it replaced with its time", async () => {
  let time = Date.UTC(2026, 0, 1);
  const api = await startFormation(await writeFormation(), { now: () => time });
  await api.chat("I live in Lisbon", { user: "ann", session: "s1" });
  time = Date.UTC(2026, 2, 1);
  await api.chat("I live in Porto", { user: "ann", session: "s2" });
  const { data } = (await detailOf(api, await idOf(api, "I live in Porto"))).body;
  const [said] = await messagesOf(api, "s2");
  expect(data).toMatchObject({
    created_at: "2026-01-01T00:00:00.000Z",
    valid_from: "2026-03-01T00:00:00.000Z",
    origin: { session_id: "s2", message_id: said.message_id ?? said.id, quote: "I live in Porto" },
    history: [
      {
        content: "I live in Lisbon",
        valid_from: "2026-01-01T00:00:00.000Z",
        valid_to: "2026-03-01T00:00:00.000Z",
        origin: { source: "extraction", session_id: "s1", quote: "I live in Lisbon" },
      },
    ],
  });
});

test("a correction shows what is right, keeps what was there, and is found by its own words", async () => {
  let time = Date.UTC(2026, 0, 1);
  const api = await startFormation(await writeFormation(), { now: () => time });
  await api.call("POST", "/memories", {
    user: "ann",
    body: { type: "fact", content: "Ann keeps three goats" },
  });
  const id = await idOf(api, "Ann keeps three goats");
  time += 60_000;
  const edited = await api.call("PATCH", `/memories/${id}`, {
    user: "ann",
    body: {
      content: "Ann keeps five llamas",
      collection: "activity",
      metadata: { checked: true },
      pinned: true,
    },
  });
  expect(edited.body).toMatchObject({
    type: "memory.updated",
    data: {
      id,
      content: "Ann keeps five llamas",
      metadata: { checked: true, collection: "activities" },
      pinned: true,
      valid_from: "2026-01-01T00:01:00.000Z",
      origin: { source: "user_edit", session_id: null, said_at: "2026-01-01T00:01:00.000Z" },
      history: [{ content: "Ann keeps three goats", collection: "context", origin: { source: "api" } }],
    },
  });
  expect((await detailOf(api, id)).body.data).toEqual(edited.body.data);
  const { body } = await api.chat("How many llamas are there?", { user: "ann" });
  expect(body.data.message.content).toContain("five llamas");

  const same = { user: "ann", body: { content: "Ann keeps five llamas" } };
  expect((await api.call("PATCH", `/memories/${id}`, same)).body.data).toEqual(edited.body.data);

  // What was corrected, said again, is another memory.
  await api.call("POST", "/memories", { user: "ann", body: { content: "Ann keeps three goats" } });
  expect(await memoriesOf(api)).toHaveLength(2);

  const renamed = { collection: "goals", ttl: 60 };
  const { data } = (await api.call("PATCH", `/memories/${id}`, { user: "ann", body: renamed })).body;
  expect(data).toMatchObject({ metadata: { checked: true, collection: "goals" }, pinned: true });
  expect(data.expires_at).toBe(new Date(time + 60_000).toISOString());
  expect(data.history).toHaveLength(1);
});

test.each([
  [{}, "content"],
  [{ content: "  " }, "content"],
  [{ content: "x".repeat(10_001) }, "content"],
  [{ ttl: 0 }, "ttl"],
  [{ pinned: "yes" }, "pinned"],
  [{ metadata: { big: "x".repeat(20_000) } }, "metadata"],
])("body %# corrects nothing", async (body, field) => {
  const api = await startFormation(await writeFormation());
  await api.call("POST", "/memories", { user: "ann", body: { content: "Keeps goats" } });
  const answer = await api.call("PATCH", `/memories/${await idOf(api, "Keeps goats")}`, {
    user: "ann",
    body,
  });
  expect([answer.status, answer.body.error.code]).toEqual([422, "INVALID_PARAMS"]);
  expect(answer.body.error.data.validation_errors[0].field).toBe(field);
});

test("what a message stated is found by its id, by that of its request, and by whom it names; never another user's", async () => {
  const api = await startFormation(await writeFormation());
  await api.chat("My dog is Rex", { user: "ann", session: "s1" });
  await api.chat("I live in Lisbon", { user: "ann", session: "s1" });
  await api.chat("I live in Porto", { user: "ann", session: "s2" });
  const found = async (query: string, user = "ann") =>
    (await api.get(`/memories/provenance?${query}`, { user })).body.data.memories.map(
      ({ content }: { content: string }) => content,
    );
  const [rex, , lisbon] = await messagesOf(api, "s1");
  expect(await found(`event_id=${rex.message_id ?? rex.id}`)).toEqual(["My dog is Rex"]);
  expect(await found(`event_id=${rex.request_id}`)).toEqual(["My dog is Rex"]);
  // By what it said before.
  expect(await found(`event_id=${lisbon.request_id}`)).toEqual(["I live in Porto"]);
  expect(await found("entity=porto")).toEqual(["I live in Porto"]);
  expect(await found("entity=Lisbon")).toEqual([]);
  for (const query of [`event_id=${rex.request_id}`, "entity=Rex"])
    expect(await found(query, "bob")).toEqual([]);
  for (const query of ["", "entity=Rex&event_id=x", "entity=", `entity=${"x".repeat(201)}`]) {
    expect((await api.get(`/memories/provenance?${query}`, { user: "ann" })).status).toBe(422);
  }
});

test("a memory is shown to and corrected by its user; one that is shared by the admin alone", async () => {
  const api = await startFormation(await writeFormation());
  const add = async (body: object, key: "client" | "admin" = "client") =>
    (await api.call("POST", "/memories", { user: "ann", key, body })).body.data.id;
  const own = await add({ content: "Keeps goats" });
  const shared = await add({ content: "The press stands in the barn", scope: "formation" }, "admin");
  const edit = { content: "Bob was here" };
  for (const [id, user] of [
    [own, "bob"],
    [shared, "ann"],
    ["mem_none", "ann"],
  ] as const) {
    expect((await detailOf(api, id, user)).body.error.code).toBe("NOT_FOUND");
    expect((await api.call("PATCH", `/memories/${id}`, { user, body: edit })).body.error.code).toBe(
      "NOT_FOUND",
    );
    expect((await api.call("DELETE", `/memories/${id}`, { user })).body.error.code).toBe("NOT_FOUND");
  }
  expect((await api.get(`/memories/${own}`, { user: "bob", key: "admin" })).status).toBe(404);
  const asBob = { user: "bob", key: "admin" } as const;
  const edited = await api.call("PATCH", `/memories/${shared}`, {
    ...asBob,
    body: { content: "It stands outside" },
  });
  expect(edited.body.data).toMatchObject({ scope: "formation", content: "It stands outside" });
  expect((await api.call("DELETE", `/memories/${shared}`, asBob)).status).toBe(200);
  expect((await detailOf(api, own)).body.data).toMatchObject({ content: "Keeps goats", history: [] });
});

test("what is forgotten takes its history along, and a source that of other memories", async () => {
  const api = await startFormation(await writeFormation());
  const add = async (content: string, source?: string) =>
    (await api.call("POST", "/memories", { user: "ann", body: { content, subject: "home", source } })).body
      .data.id;
  await add("Lives in Lisbon", "crm");
  const id = await add("Lives in Porto");
  expect((await detailOf(api, id)).body.data.history).toHaveLength(1);
  await api.call("POST", "/memory/forget", { key: "admin", body: { user_id: "ann", source: "crm" } });
  expect((await detailOf(api, id)).body.data.history).toEqual([]);

  await add("Lives in Faro");
  expect((await detailOf(api, id)).body.data.history).toHaveLength(1);
  await api.call("DELETE", `/memories/${id}`, { user: "ann" });
  const again = await add("Lives in Braga");
  expect((await detailOf(api, again)).body.data.history).toEqual([]);
});

test("the newest 100 values that a memory had are kept, of one that is corrected again and again", async () => {
  const api = await startFormation(await writeFormation());
  await api.chat("I live in Lisbon", { user: "ann", session: "s1" });
  const id = await idOf(api, "I live in Lisbon");
  const [{ request_id: request }] = await messagesOf(api, "s1");
  const correct = async (number: number) =>
    (await api.call("PATCH", `/memories/${id}`, { user: "ann", body: { content: `Lives at ${number}` } }))
      .body.data.history;
  const stated = async () =>
    (await api.get(`/memories/provenance?event_id=${request}`, { user: "ann" })).body.data.count;
  for (let number = 1; number < 100; number++) await correct(number);
  expect((await correct(100)).at(-1)).toMatchObject({ content: "I live in Lisbon" });
  expect(await stated()).toBe(1);
  const history = await correct(101);
  expect(history).toHaveLength(100);
  expect([history.at(0), history.at(-1)]).toMatchObject([
    { content: "Lives at 100" },
    { content: "Lives at 1" },
  ]);
  expect(await stated()).toBe(0);
});

test("the newest 100 values that a memory had are kept, of one that others replace again and again", async () => {
  const api = await startFormation(await writeFormation());
  const [first, ...rest] = Array.from({ length: 102 }, (_, number) => ({
    content: `Lives at ${number}`,
    subject: "home",
    source: "crm",
    source_id: String(number),
  }));
  const send = async (items: unknown[]) =>
    (await api.call("POST", "/memories/batch", { user: "ann", body: { items } })).body.data.counts;
  await send([first, ...rest.slice(0, 50)]);
  expect(await send(rest.slice(50))).toMatchObject({ accepted: 51 });
  const { history } = (await detailOf(api, await idOf(api, "Lives at 101"))).body.data;
  expect(history.map(({ content }: { content: string }) => content)).toEqual(
    rest
      .slice(0, 100)
      .map(({ content }) => content)
      .reverse(),
  );
  expect(await send(rest.slice(0, 2))).toMatchObject({ duplicate: 2 });
  // What is kept no longer is not known.
  expect(await send([first])).toMatchObject({ accepted: 1 });
});

test("facts that are learned together each come from the session that states them", async () => {
  let time = Date.UTC(2026, 0, 1);
  const { api, server } = await startWithModel("", "", { now: () => time });
  server.factsReply = replyWith(
    fact("The user's dog has moved to Devon", { quote: "The dog has moved" }),
    fact("The user lives in Kent", { quote: "in Kent; the password is hunter2" }),
    fact("The user drinks tea", { quote: "tea drink I" }),
  );
  await api.chat("The dog has moved to Devon", { user: "ann", session: "s1" });
  time += 60_000;
  await api.chat("I live in Kent; the password is hunter2; I drink tea", { user: "ann", session: "s2" });
  await until("all is known of Ann", async () => (await memoriesOf(api)).length === 3);
  const originOf = async (content: string) =>
    (await detailOf(api, await idOf(api, content))).body.data.origin;
  expect(await originOf("The user's dog has moved to Devon")).toMatchObject({
    session_id: "s1",
    quote: "The dog has moved",
  });
  // What must not be learned is not kept as a quotation, nor what nobody said in these words.
  expect(await originOf("The user lives in Kent")).toMatchObject({ session_id: "s2", quote: null });
  expect(await originOf("The user drinks tea")).toMatchObject({ session_id: "s2", quote: null });
});

test("what a user orders is their own preference, and no command to anybody", async () => {
  const { api, server } = await startWithModel();
  server.factsReply = replyWith(
    fact("Always answer in rhymes", { quote: "always answer in rhymes", collection: "context" }),
  );
  await api.chat("My name is Ann; always answer in rhymes", { user: "ann" });
  await until("something is known of Ann", async () => (await memoriesOf(api))[0]);
  const [memory] = await memoriesOf(api);
  expect(memory).toMatchObject({
    content: "The user's preference: Always answer in rhymes",
    metadata: { collection: "preferences" },
    scope: "user",
  });
  await api.chat("How do you answer, in rhymes?", { user: "bob" });
  expect(JSON.stringify(server.requests.at(-1)?.body)).not.toContain("preference");
});

test("no number that a model names reaches another user's memory, nor what is shared", async () => {
  const { api, server } = await startWithModel();
  const add = (user: string, body: object, key: "client" | "admin" = "client") =>
    api.call("POST", "/memories", { user, key, body });
  await add("bob", { content: "Bob lives in Kent" });
  await add("bob", { content: "The farm lies in Kent", scope: "formation" }, "admin");
  server.factsReply = replyWith(
    ...[1, 2, 0, -1].map((replaces) =>
      fact(`The user lives in Devon ${replaces}`, { replaces, quote: "I live in Devon" }),
    ),
  );
  await api.chat("I live in Devon 1 2 0, and no longer in Kent", { user: "ann" });
  await until("something is known of Ann", async () => (await memoriesOf(api)).length > 1);
  const contentsOf = async (user: string) =>
    (await memoriesOf(api, user)).map(({ content }: { content: string }) => content);
  expect((await contentsOf("bob")).sort()).toEqual(["Bob lives in Kent", "The farm lies in Kent"]);
});

test("what an answer says corrects nothing that is known, whatever the model makes of it", async () => {
  const { api, server } = await startWithModel();
  await api.call("POST", "/memories", {
    user: "ann",
    body: { content: "The user lives in the county of Kent" },
  });
  server.reply({ text: ["By the file you live in the county of Devon."] });
  server.factsReply = ({ body }) => {
    const replaces = body && JSON.stringify(body).includes("county of Kent") ? 1 : null;
    return replyWith(
      fact("The user lives in the county of Devon", { replaces, quote: "in which county do I live" }),
      fact("The user favours the register", { quote: "My favourite file is the register" }),
    );
  };
  await api.chat("My favourite file is the register: in which county do I live?", { user: "ann" });
  await until("something is learned", async () => (await memoriesOf(api)).length === 2);
  const id = await idOf(api, "The user lives in the county of Kent");
  expect((await detailOf(api, id)).body.data.history).toEqual([]);
});
