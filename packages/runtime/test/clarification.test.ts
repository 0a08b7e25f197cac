import { describe, expect, onTestFinished, test } from "vitest";
import { untilExpected } from "../../../test/until.ts";
import { type Api, collect, manifest, startFormation, writeFormation } from "./harness.ts";
import { type Reply, startModelServer } from "./model-server.ts";
import { onPostgres } from "./postgres.ts";
import { startReceiver } from "./receiver.ts";

const ann = { user: "ann" };
/** A message as the model reads it: behind what was gathered for it. */
const said = (message: string) => expect.stringMatching(new RegExp(`\\n${message}$`));

const asking = (question: string): Reply => ({
  text: [],
  toolCalls: [{ id: "c1", name: "ask_user", arguments: [JSON.stringify({ question })] }],
});

/** A formation that asks first, with a clock that the test holds. */
const open = async ({
  rounds = 3,
  replies = [asking("Which field?")],
}: {
  rounds?: number;
  replies?: Reply[];
} = {}) => {
  const models = await startModelServer();
  onTestFinished(() => models.close());
  const dir = await writeFormation({
    "formation.afs": `${manifest}
llm:
  settings: { base_url: "${models.url}/v1", max_retries: 0 }
  models: [{ text: openai/test-model, api_key: sk-test }]
overlord: { clarification: { max_rounds: { direct: ${rounds} } } }
`,
  });
  const clock = { ahead: 0 };
  const start = () => startFormation(dir, { now: () => Date.now() + clock.ahead });
  models.reply(...replies);
  return { models, clock, start, api: await start() };
};

interface Saying {
  user?: string;
  headers?: Record<string, string>;
  [field: string]: unknown;
}

const say = (api: Api, message: string, { user = "ann", headers = {}, ...more }: Saying = {}) =>
  api.call("POST", "/chat", { user, headers, body: { message, stream: false, session_id: "s1", ...more } });

/** The id of a request that has asked. */
const ask = async (api: Api): Promise<string> => {
  const { data } = (await say(api, "Plant it")).body;
  expect(data.message.metadata.clarification).toMatchObject({ question: "Which field?" });
  return data.request_id;
};

const statusOf = async (api: Api, id: string) => (await api.get(`/requests/${id}`, ann)).body.data.status;

describe("the next message of a session whose request has asked", () => {
  test("goes on with the request", async () => {
    const { api, models } = await open();
    const id = await ask(api);
    const { headers, body } = await say(api, "The north one");
    expect(headers.get("x-muxi-request-id")).toBe(id);
    expect(body).toMatchObject({ request: { id }, data: { request_id: id, session_id: "s1" } });
    expect(models.requests[1]?.body).toMatchObject({
      messages: [
        {},
        { content: "Plant it" },
        { content: "Which field?" },
        { content: said("The north one") },
      ],
    });
    expect(await statusOf(api, id)).toBe("completed");
    expect((await say(api, "And now?")).body.data.request_id).not.toBe(id);
  });

  test("goes on with it in a stream too", async () => {
    const { api } = await open();
    const id = await ask(api);
    const response = await api.stream({ message: "The north one", session_id: "s1" }, ann);
    expect((await collect(response)).at(-1)?.data).toMatchObject({ type: "done", request_id: id });
    expect(await statusOf(api, id)).toBe("completed");
  });

  test("goes on with it when a proxy has named the call in a header", async () => {
    const { api } = await open();
    const id = await ask(api);
    const { data } = (await say(api, "The north one", { headers: { "X-Muxi-Request-ID": "req_door" } })).body;
    expect(data.request_id).toBe(id);
  });

  test("goes on with it in another process, after a restart", async () => {
    const { api, start } = await open();
    const id = await ask(api);
    await api.runtime.close(0);
    const again = await start();
    expect((await say(again, "The north one")).body.data.request_id).toBe(id);
    expect(await statusOf(again, id)).toBe("completed");
  });

  test("counts: max_rounds ends the questions", async () => {
    const { api, models } = await open({ rounds: 2 });
    const id = await ask(api);
    models.reply(asking("Which row?"), { text: ["I take the first row."] });
    const second = (await say(api, "The north one")).body.data;
    expect(second.message.metadata.clarification).toMatchObject({ question: "Which row?", round: 2 });
    const third = (await say(api, "No idea")).body.data;
    expect(third).toMatchObject({ request_id: id, message: { content: "I take the first row." } });
    expect(JSON.stringify(models.requests[2]?.body)).toContain("say in your answer what you have assumed");
  });

  test("tells the webhook of the request when it is answered in the background", async () => {
    const { api, models } = await open();
    const receiver = await startReceiver();
    const { data } = (await say(api, "Plant it", { mode: "async", webhook_url: receiver.url })).body;
    await untilExpected("the question is received", () => expect(receiver.received).toHaveLength(1));
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    models.reply({ text: ["Planted."], before: held });
    const accepted = await say(api, "The north one", { threshold_seconds: 0.1 });
    release();
    expect(accepted).toMatchObject({ status: 202, body: { data: { request_id: data.request_id } } });
    await untilExpected("the answer is received", () => expect(receiver.received).toHaveLength(2));
    expect(JSON.parse(receiver.received[1]?.body ?? "")).toMatchObject({
      id: data.request_id,
      status: "completed",
    });
  });

  test("is one of two that come at once, also to two processes", async () => {
    const { api, start } = await open();
    const id = await ask(api);
    const other = onPostgres ? await start() : api;
    const answers = await Promise.all([say(api, "The north one"), say(other, "No, the south one")]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    const ids = answers.map(({ body }) => body.data.request_id);
    expect(ids.filter((one) => one === id)).toHaveLength(1);
    const { messages } = (await api.get("/sessions/s1/messages", ann)).body.data;
    expect(messages.map(({ role }: { role: string }) => role).sort()).toEqual([
      ...Array(3).fill("assistant"),
      ...Array(3).fill("user"),
    ]);
  });

  test("is the next message with a request id of its own, and the one with the id that was told", async () => {
    for (const named of [() => "req_own", (id: string) => id]) {
      const { api } = await open();
      const id = await ask(api);
      expect((await say(api, "The north one", { request_id: named(id) })).body.data.request_id).toBe(id);
    }
  });
});

describe("a new request is", () => {
  test("a message 300 seconds after the question, which ends what waited", async () => {
    const { api, clock } = await open();
    const id = await ask(api);
    clock.ahead = 300_000;
    expect((await say(api, "The north one")).body.data.request_id).not.toBe(id);
    expect((await api.get(`/requests/${id}`, ann)).body.data).toMatchObject({
      status: "cancelled",
      error: "The user did not answer in time",
    });
  });

  test("a message of another session or user", async () => {
    const { api } = await open();
    const id = await ask(api);
    expect((await say(api, "Hello", { session_id: "s2" })).body.data.request_id).not.toBe(id);
    expect((await say(api, "Hello", { user: "bob", session_id: "s3" })).body.data.request_id).not.toBe(id);
    expect((await say(api, "Hello", { user: "bob" })).status).toBe(404);
    expect(await statusOf(api, id)).toBe("awaiting_clarification");
    expect((await say(api, "The north one")).body.data.request_id).toBe(id);
  });
});

describe("a question with options", () => {
  const fields = ["North", "South field", "Élan"];
  const offering = (more: object = {}): Reply => ({
    text: [],
    toolCalls: [
      {
        id: "c1",
        name: "ask_user",
        arguments: [JSON.stringify({ question: "Which field?", options: fields, ...more })],
      },
    ],
  });
  const choosing = async (more: object = {}) => {
    const { api, models } = await open({ replies: [offering(more)] });
    const { data } = (await say(api, "Plant it")).body;
    const { interrupt, clarification } = data.message.metadata;
    return {
      api,
      models,
      id: data.request_id as string,
      interrupt,
      clarification,
      text: data.message.content,
    };
  };
  const give = (api: Api, id: string, interrupt: string, value: unknown) =>
    api.call("POST", `/requests/${id}/answer`, {
      ...ann,
      body: { interrupt_id: interrupt, action: "answer", value },
    });

  test("shows them in its text with numbers, and in its record with what an answer looks like", async () => {
    const { interrupt, clarification, text } = await choosing({ multiple: true, free_text: false });
    const shown = "Which field?\n\n1. North\n2. South field\n3. Élan";
    expect([text, clarification.question, interrupt.prompt]).toEqual([shown, shown, "Which field?"]);
    expect(interrupt).toMatchObject({
      kind: "question",
      choices: { options: fields, multiple: true, free_text: false },
      schema: { type: "array", items: { type: "string", enum: fields }, minItems: 1 },
    });
  });

  test.each([
    ["2", "South field"],
    ["2.", "South field"],
    ["south FIELD", "South field"],
    ["élan", "Élan"],
    ["ELAN!", "Élan"],
    ["The one by the river", "The one by the river"],
    ["9", "9"],
    ["south field, but only row 3", "south field, but only row 3"],
  ])("reads %j as %j", async (words, read) => {
    const { api, models } = await choosing();
    await say(api, words);
    expect(models.requests[1]?.body).toMatchObject({ messages: [{}, {}, {}, { content: said(read) }] });
  });

  test.each([
    [{ free_text: false }, "North", 202],
    [{ free_text: false }, "1", 202],
    [{ free_text: false }, "the north, please", 202],
    [{ free_text: false }, "West", 422],
    [{ free_text: false }, ["North"], 422],
    [{ multiple: true, free_text: false }, ["North", "Élan"], 202],
    [{ multiple: true, free_text: false }, "1 & 3", 202],
    [{ multiple: true, free_text: false }, "north, elan", 202],
    [{ multiple: true, free_text: false }, ["North", "West"], 422],
    [{ multiple: true, free_text: false }, [], 422],
    [{ multiple: true }, ["North", "West"], 202],
    [{}, "West", 202],
    [{}, { north: true }, 422],
    [{}, Array(3_000).fill("North"), 422],
    [{}, "x".repeat(100_001), 422],
  ])("of the kind %j takes %j with %i", async (more, value, status) => {
    const { api, id, interrupt } = await choosing(more);
    expect((await give(api, id, interrupt.id, value)).status).toBe(status);
  });

  test.each([{ options: ["Only one"] }, { options: "North" }, { options: [1, 2, null] }])(
    "that names %j offers none",
    async (more) => {
      const { interrupt, text } = await choosing(more);
      expect([interrupt.choices, text]).toEqual([undefined, "Which field?"]);
    },
  );
});
