import { expect, onTestFinished, test } from "vitest";
import { until, untilExpected } from "../../../test/until.ts";
import { collect, type Frame, manifest, startFormation, writeFormation } from "./harness.ts";
import { startModelServer, writtenIn } from "./model-server.ts";
import { notingReply, startLedger } from "./processes.ts";

const ann = { user: "ann" };

const open = async (more = "", files: Record<string, string> = {}) => {
  const models = await startModelServer();
  onTestFinished(() => models.close());
  const dir = await writeFormation({
    "formation.afs": `${manifest}
llm:
  settings: { base_url: "${models.url}/v1" }
  models: [{ text: openai/test-model, api_key: sk-test }]
${more}`,
    ...files,
  });
  const api = await startFormation(dir);
  /** Roles and texts that the model was sent with a request, without what was gathered for it. */
  const conversation = async (index: number) => {
    const { messages } = (await models.request(index)).body as {
      messages: { role: string; content: string | null }[];
    };
    return messages
      .filter(({ role }) => role !== "system")
      .map(({ role, content }) => `${role[0]}:${writtenIn(content ?? "")}`);
  };
  return { api, models, conversation };
};

const held = () => {
  let release = () => {};
  const until = new Promise<void>((resolve) => {
    release = resolve;
  });
  return { until, release };
};

test("messages that come while another is answered wait their turn, and are answered in their order", async () => {
  const { api, models, conversation } = await open();
  const first = held();
  models.reply(
    { text: ["one"], pause: { after: 2, until: first.until } },
    { text: ["two"] },
    { text: ["three"] },
  );
  const one = api.chat("1", { ...ann, session: "s" });
  await models.request(0);
  // A stream is open at once, a JSON answer waits.
  const two = await api.stream({ message: "2", session_id: "s" }, ann);
  const three = api.chat("3", { ...ann, session: "s" });
  await untilExpected("both wait", async () => {
    const { body } = await api.get("/requests", ann);
    const pending = body.data.requests.filter(({ status }: { status: string }) => status === "pending");
    expect(pending).toHaveLength(2);
  });
  expect(models.requests).toHaveLength(1);

  first.release();
  expect((await one).body.data.message.content).toBe("one");
  const frames = await collect(two);
  expect(frames.map(({ data }) => data).filter(({ type }) => type === "text")).toMatchObject([
    { text: "two" },
  ]);
  expect((await three).body.data.message.content).toBe("three");
  expect(await conversation(1)).toEqual(["u:1", "a:one", "u:2"]);
  expect(await conversation(2)).toEqual(["u:1", "a:one", "u:2", "a:two", "u:3"]);
});

test("of messages that come at the same moment one is answered after the other", async () => {
  const { api, models, conversation } = await open();
  await api.chat("0", { ...ann, session: "s" });
  const messages = ["1", "2", "3", "4"];
  const answers = await Promise.all(messages.map((message) => api.chat(message, { ...ann, session: "s" })));
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  await api.chat("5", { ...ann, session: "s" });
  const last = await conversation(models.requests.length - 1);
  expect(last.map((said) => said[0]).join("")).toBe("uauauauauau");
});

test("a failed turn is no dead session, and what was said stays", async () => {
  const { api, models, conversation } = await open();
  models.reply({ text: ["ok"] }, { status: 400, body: "{}" });
  await api.chat("1", { ...ann, session: "s" });
  expect((await api.chat("2", { ...ann, session: "s" })).status).toBe(424);
  expect((await api.chat("3", { ...ann, session: "s" })).status).toBe(200);
  expect(await conversation(2)).toEqual([
    "u:1",
    "a:ok",
    "u:2",
    "a:(No answer was given to this message.)",
    "u:3",
  ]);
});

test("who waits may be cancelled, and the next one goes on", async () => {
  const { api, models } = await open();
  const first = held();
  models.reply({ text: ["one"], pause: { after: 2, until: first.until } });
  const one = api.chat("1", { ...ann, session: "s" });
  await models.request(0);
  const two = api.call("POST", "/chat", {
    ...ann,
    body: { message: "2", session_id: "s", request_id: "req_two", stream: false },
  });
  await untilExpected("it waits", async () => {
    expect((await api.get("/requests/req_two", ann)).body.data.status).toBe("pending");
  });
  expect((await api.call("DELETE", "/requests/req_two", ann)).status).toBe(200);
  expect((await two).status).toBe(499);
  first.release();
  expect((await one).status).toBe(200);
  expect((await api.chat("3", { ...ann, session: "s" })).status).toBe(200);
});

/** A session whose first message is being answered: half of the answer is there. */
const openBusy = async (more = "") => {
  const { api, models, conversation } = await open(more);
  const first = held();
  models.reply({ text: ["Half of it,", " and the rest"], pause: { after: 2, until: first.until } });
  const stream = await api.stream({ message: "1", session_id: "s", request_id: "req_1" }, ann);
  const seen: Frame[] = [];
  const read = async () => {
    for await (const frame of stream) seen.push(frame);
    return seen;
  };
  const frames = read();
  await until("half of the answer is there", () => seen.find(({ data }) => data.type === "text"));
  const say = (message: string, more: object = {}) =>
    api.call("POST", "/chat", { ...ann, body: { message, session_id: "s", stream: false, ...more } });
  const queue = async () => (await api.get("/sessions/s/queue", ann)).body.data.messages;
  return { api, models, conversation, first, frames, say, queue };
};

test("a message may refuse to wait, by its call or by the formation", async () => {
  const { api, first, say, frames, queue } = await openBusy("overlord: { on_busy: reject }\n");
  for (const more of [{}, { mode: "async" }, { on_busy: "reject" }]) {
    const { status, body } = await say("2", more);
    expect([status, body.error.code]).toEqual([409, "SESSION_BUSY"]);
  }
  expect(await queue()).toEqual([]);
  const waits = say("3", { on_busy: "enqueue" });
  await untilExpected("it waits", async () => expect(await queue()).toHaveLength(1));
  first.release();
  await frames;
  expect((await waits).status).toBe(200);
  const { messages } = (await api.get("/sessions/s/messages", ann)).body.data;
  expect(messages.map(({ content }: { content: string }) => content)).not.toContain("2");
});

test("of messages that refuse to wait and come at the same moment one is answered", async () => {
  const { api } = await open();
  const body = { session_id: "s", on_busy: "reject", stream: false };
  const answers = await Promise.all(
    ["1", "2", "3", "4"].map((message) => api.call("POST", "/chat", { ...ann, body: { ...body, message } })),
  );
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409, 409]);
});

test("a message that interrupts keeps the part of the answer that there is, and goes on with both", async () => {
  const { api, frames, say, conversation } = await openBusy();
  const next = await say("2", { on_busy: "interrupt" });
  expect(next.status).toBe(200);
  const cut = (await frames).map(({ data }) => data);
  expect(cut.at(-1)).toMatchObject({ type: "error", code: "CANCELLED" });
  expect(await conversation(1)).toEqual([
    "u:1",
    "a:Half of it,\n\n(The user's next message has cut this answer off.)",
    "u:2",
  ]);
  const { messages } = (await api.get("/sessions/s/messages", ann)).body.data;
  const partial = messages.find(
    ({ request_id, role }: Record<string, string>) => request_id === "req_1" && role === "assistant",
  );
  expect(partial).toMatchObject({
    content: "Half of it,",
    metadata: { interrupted: true, finish_reason: "cancelled" },
  });
});

test("messages that wait are listed in their order, changed and taken back, until they are begun", async () => {
  const { api, first, frames, say, queue, conversation } = await openBusy();
  const two = say("2", { request_id: "req_2" });
  await untilExpected("it waits", async () => expect(await queue()).toHaveLength(1));
  const three = say("3", { request_id: "req_3" });
  await untilExpected("both wait", async () => expect(await queue()).toHaveLength(2));
  expect(await queue()).toMatchObject([
    { request_id: "req_2", message: "2", on_busy: "enqueue", created_at: expect.any(String) },
    { request_id: "req_3", message: "3" },
  ]);
  const change = (id: string, message: string) =>
    api.call("PATCH", `/sessions/s/queue/${id}`, { ...ann, body: { message } });
  expect((await change("req_2", "Two")).body.data).toMatchObject({ request_id: "req_2", message: "Two" });
  expect((await change("req_2", " ")).status).toBe(400);
  expect((await change("req_2", "x".repeat(100_001))).status).toBe(422);
  expect((await api.call("DELETE", "/sessions/s/queue/req_3", ann)).body.data.status).toBe("cancelled");
  expect((await three).status).toBe(499);
  expect(await queue()).toMatchObject([{ request_id: "req_2", message: "Two" }]);

  first.release();
  await frames;
  expect((await two).status).toBe(200);
  expect(await conversation(1)).toEqual(["u:1", "a:Half of it, and the rest", "u:Two"]);
  for (const id of ["req_1", "req_2", "req_3"]) expect((await change(id, "late")).status).toBe(409);
  expect((await change("req_none", "x")).status).toBe(404);
  const { messages } = (await api.get("/sessions/s/messages", ann)).body.data;
  expect(messages.map(({ content }: { content: string }) => content)).not.toContain("3");
});

test("the queue of a session is its user's alone, and has a limit", async () => {
  const { api, first, frames, say } = await openBusy();
  await say("2", { request_id: "req_2", mode: "async" });
  const eve = { user: "eve" };
  const route = "/sessions/s/queue";
  expect((await api.get(route, eve)).body.error.code).toBe("RESOURCE_NOT_FOUND");
  for (const method of ["PATCH", "DELETE"]) {
    const { status } = await api.call(method, `${route}/req_2`, { ...eve, body: { message: "Mine" } });
    expect(status).toBe(404);
  }
  const statuses: number[] = [];
  for (let index = 0; index < 110; index += 1)
    statuses.push((await say(`more ${index}`, { mode: "async" })).status);
  expect(statuses.filter((status) => status === 202)).toHaveLength(98);
  expect(statuses.slice(98)).toEqual(Array(12).fill(429));
  first.release();
  await frames;
});

/** A session whose agent is at work on a message: it notes it in a ledger, which waits. */
const openAtWork = async () => {
  const noting = held();
  const ledger = await startLedger(() => noting.until);
  const { models, ...opened } = await open("", {
    "mcp/ledger.afs": `id: ledger\ndescription: Notes things\ntype: http\nendpoint: ${ledger.url}\n`,
  });
  models.defaultReply = notingReply({ text: ["Noted."] });
  const answer = opened.api.chat("1", { ...ann, session: "s" });
  await until("it is at work", () => ledger.calls[0]);
  const say = (message: string, more: object = {}) =>
    opened.api.call("POST", "/chat", {
      ...ann,
      body: { message, session_id: "s", stream: false, on_busy: "steer", ...more },
    });
  return { ...opened, models, noting, answer, say };
};

test("the agent at work reads a message that steers it before its next model call, and answers both", async () => {
  const { api, models, noting, answer, say, conversation } = await openAtWork();
  models.defaultReply = { text: ["Noted, and in red."] };
  const steering = say("in red", { request_id: "req_red" });
  await untilExpected("it waits", async () => {
    const { body } = await api.get("/sessions/s/queue", ann);
    expect(body.data.messages).toMatchObject([{ request_id: "req_red", on_busy: "steer" }]);
  });
  noting.release();
  const { body } = await answer;
  expect(body.data.message.content).toBe("Noted, and in red.");
  expect((await conversation(1)).filter((said) => said.startsWith("u:"))).toEqual(["u:1", "u:in red"]);
  expect(models.requests).toHaveLength(2);

  const { message } = (await steering).body.data;
  expect(message).toMatchObject({
    content: "",
    metadata: { finish_reason: "other", answered_by: body.data.request_id },
  });
  const { data } = (await api.get("/requests/req_red", ann)).body;
  expect(data).toMatchObject({ status: "completed", metadata: { answered_by: body.data.request_id } });

  // What follows sees both as one turn.
  await api.chat("2", { ...ann, session: "s" });
  expect(await conversation(2)).toEqual(["u:1\n\nin red", "a:Noted, and in red.", "u:2"]);
});

test("a message that steers is answered in its turn when the agent asks its model no more", async () => {
  const { frames, first, say, conversation } = await openBusy();
  const steering = say("2", { on_busy: "steer" });
  first.release();
  await frames;
  expect((await steering).body.data.message.content).not.toBe("");
  expect(await conversation(1)).toEqual(["u:1", "a:Half of it, and the rest", "u:2"]);
});

test("a message that was taken back steers nothing, and of two the agent reads both in their order", async () => {
  const { api, models, noting, answer, say, conversation } = await openAtWork();
  models.defaultReply = { text: ["Noted."] };
  for (const name of ["gone", "first", "second"])
    await say(name, { request_id: `req_${name}`, mode: "async" });
  await api.call("DELETE", "/sessions/s/queue/req_gone", ann);
  noting.release();
  expect((await answer).status).toBe(200);
  expect((await conversation(1)).filter((said) => said.startsWith("u:"))).toEqual([
    "u:1",
    "u:first",
    "u:second",
  ]);
});

test("a provider that counts characters and refuses answers every turn of a long session", async () => {
  const { api, models } = await open();
  models.defaultReply = ({ bytes }) =>
    bytes.length > 6_000
      ? { status: 400, body: JSON.stringify({ error: { code: "context_length_exceeded" } }) }
      : { text: ["ok".repeat(20)] };
  for (let turn = 0; turn < 60; turn += 1) {
    const { status } = await api.chat(`${turn} ${"lorem ipsum ".repeat(50)}`, { ...ann, session: "s" });
    expect(status, `turn ${turn}`).toBe(200);
  }
  // What a model takes is learned: it is not asked in vain at every turn.
  expect(models.requests.length).toBeLessThan(75);
  // What is too long by itself says so.
  const { status, body } = await api.chat("x".repeat(8_000), { ...ann, session: "s" });
  expect(status).toBe(422);
  expect(body.error.message).toContain("longer than the assistant's model can read");
});

test("from the fifth turn on most of a prompt is the same as the turn before's", async () => {
  const { api, models } = await open();
  models.defaultReply = { text: ["An answer of some length, as a model gives it."] };
  for (let turn = 0; turn < 30; turn += 1) {
    await api.chat(`Question ${turn}: how are pears pruned?`, { ...ann, session: "s" });
  }
  const prompts = models.requests.map(({ body }) =>
    JSON.stringify((body as { messages: object[] }).messages),
  );
  const shares = prompts.slice(1).map((prompt, index) => {
    const before = prompts[index] ?? "";
    let same = 0;
    while (same < before.length && before[same] === prompt[same]) same += 1;
    return same / before.length;
  });
  // Instructions of a real agent are longer than those here, and are the same; blocks fall away every fifth turn.
  const kept = shares.slice(4).filter((share) => share > 0.5);
  expect(kept.length).toBeGreaterThanOrEqual(Math.floor((shares.length - 4) * 0.75));
});
