import { expect, onTestFinished, test } from "vitest";
import { untilExpected } from "../../../test/until.ts";
import { collect, manifest, startFormation, writeFormation } from "./harness.ts";
import { startModelServer, writtenIn } from "./model-server.ts";

const ann = { user: "ann" };

const open = async () => {
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
  /** Roles and texts that the model was sent with a request, without what was gathered for it. */
  const conversation = async (index: number) => {
    const { messages } = (await models.request(index)).body as {
      messages: { role: string; content: string }[];
    };
    return messages
      .filter(({ role }) => role !== "system")
      .map(({ role, content }) => `${role[0]}:${writtenIn(content)}`);
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
