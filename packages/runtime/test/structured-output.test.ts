import { describe, expect, onTestFinished, test } from "vitest";
import { until } from "../../../test/until.ts";
import {
  type Api,
  collect,
  type Frame,
  hold,
  manifest,
  startFormation,
  textOf,
  untilStatus,
  writeFormation,
} from "./harness.ts";
import { commandServer } from "./mcp-servers.ts";
import { type ModelServer, startModelServer } from "./model-server.ts";
import { startReceiver } from "./receiver.ts";

const ann = { user: "ann" };

const schema = {
  type: "object",
  properties: { pears: { type: "integer", minimum: 1 } },
  required: ["pears"],
  additionalProperties: false,
};
const format = { type: "json", schema };

/** A formation with a model. */
const open = async (more = "", files: Record<string, string> = {}) => {
  const models = await startModelServer();
  onTestFinished(() => models.close());
  const dir = await writeFormation({
    "formation.afs": `${manifest}
llm:
  settings: { base_url: "${models.url}/v1", max_retries: 0 }
  models: [{ text: openai/test-model, api_key: sk-test }]
${more}
`,
    "triggers/count.md": "Count the ${{ data.what }}",
    ...files,
  });
  const api = await startFormation(dir, { env: { PATH: process.env.PATH ?? "" } });
  return { api, models };
};

const streamed = async (api: Api, body: object = {}) =>
  collect(await api.stream({ message: "How many pears?", session_id: "s1", format, ...body }, ann));

const chat = async (api: Api, body: object = {}) =>
  (
    await api.call("POST", "/chat", {
      ...ann,
      body: { message: "How many?", stream: false, format, ...body },
    })
  ).body;

/** The JSON that the object events of a stream have made. */
const jsonIn = (frames: readonly Frame[]): string =>
  frames.reduce((json, { data }) => {
    if (data.type !== "object") return json;
    return data.replace ? data.delta : json + data.delta;
  }, "");

const bodyOf = (models: ModelServer, index: number) =>
  // biome-ignore lint/suspicious/noExplicitAny: a test looks wherever it likes into a request
  models.requests[index]?.body as any;

describe("an answer that is to fit a schema", () => {
  test("is streamed in parts, and is a value in the end", async () => {
    const { api, models } = await open();
    const { held, release } = hold();
    models.reply({ text: ['{"pea', 'rs": 12}'], pause: { after: 2, until: held } });
    const frames: Frame[] = [];
    for await (const frame of await api.stream({ message: "How many?", session_id: "s1", format }, ann)) {
      frames.push(frame);
      if (frame.event === "object") release();
    }
    expect(frames.flatMap(({ data }) => (data.type === "progress" ? [] : [data.type]))).toEqual([
      "object",
      "object",
      "text",
      "done",
    ]);
    expect(jsonIn(frames)).toBe('{"pears": 12}');
    expect(textOf(frames)).toBe('{"pears": 12}');
    expect(frames.at(-1)?.data).toMatchObject({ object: { pears: 12 }, finish_reason: "stop" });
    expect(bodyOf(models, 0).response_format).toEqual({
      type: "json_schema",
      json_schema: { name: "answer", strict: true, schema },
    });
    expect(bodyOf(models, 0).messages[0].content).toContain(JSON.stringify(schema));
    const { messages } = (await api.get("/sessions/s1/messages", ann)).body.data;
    expect(messages.at(-1).content).toBe('{"pears": 12}');
  });

  test("is in the JSON of a chat, of a request, of a webhook and of a trigger", async () => {
    const { api, models } = await open();
    models.defaultReply = { text: ['{"pears":12}'] };
    expect((await chat(api)).data.message).toMatchObject({ content: '{"pears":12}', object: { pears: 12 } });

    const receiver = await startReceiver();
    await chat(api, { mode: "async", request_id: "req_1", webhook_url: receiver.url });
    await untilStatus(api, "req_1", "completed");
    expect((await api.get("/requests/req_1", ann)).body.data).toMatchObject({
      result: '{"pears":12}',
      object: { pears: 12 },
    });
    const delivery = await until("the webhook has come", () => receiver.received[0]);
    expect(JSON.parse(delivery.body)).toMatchObject({
      status: "completed",
      object: { pears: 12 },
    });

    const body = { data: { what: "pears" }, use_async: false, format };
    expect((await api.call("POST", "/triggers/count", { ...ann, body })).body.data).toMatchObject({
      content: '{"pears":12}',
      object: { pears: 12 },
    });
  });

  test("comes after the calls of tools, and nothing that was said with these is part of it", async () => {
    const { api, models } = await open("", {
      "mcp/trees.afs": commandServer("trees", "tools: { allow: count_trees }"),
    });
    models.reply(
      {
        text: ["Let me ", "count."],
        toolCalls: [{ id: "c1", name: "trees__count_trees", arguments: ['{"kind":"pear"}'] }],
      },
      { text: ['{"pears":12}'] },
    );
    const frames = await streamed(api);
    expect(jsonIn(frames)).toBe('{"pears":12}');
    expect(textOf(frames)).toBe('{"pears":12}');
    expect(frames.at(-1)?.data.object).toEqual({ pears: 12 });
    expect(bodyOf(models, 1).response_format.type).toBe("json_schema");
  });

  test.each([
    ['```json\n{"pears":12}\n```', { pears: 12 }],
    ['Here you are: {"pears":12}. Enjoy!', { pears: 12 }],
  ])("is found in %j", async (text, object) => {
    const { api, models } = await open();
    models.reply({ text: [text] });
    const frames = await streamed(api);
    expect(frames.at(-1)?.data.object).toEqual(object);
    expect([jsonIn(frames), textOf(frames)]).toEqual(['{"pears":12}', '{"pears":12}']);
    expect(models.requests).toHaveLength(1);
  });

  test.each([
    ["There are 12.", "It is not JSON"],
    ['{"pears":0}', "/pears is less than 1"],
    ['{"pears":12,"apples":1}', "/apples must not be there"],
  ])("is repaired once: %s", async (said, problem) => {
    const { api, models } = await open();
    models.reply({ text: [said] }, { text: ['{"pears":12}'] });
    const frames = await streamed(api);
    expect(jsonIn(frames)).toBe('{"pears":12}');
    expect(frames.at(-1)?.data).toMatchObject({
      object: { pears: 12 },
      usage: { input_tokens: 20, output_tokens: 10, total_tokens: 30 },
    });
    const { messages, response_format } = bodyOf(models, 1);
    expect(messages[0].content).toContain(problem);
    expect(messages[1].content).toBe(said);
    expect(response_format.type).toBe("json_schema");
  });

  test("fails when its repair does not fit either, and says what does not", async () => {
    const { api, models } = await open();
    models.defaultReply = { text: ['{"pears":"many"}'] };
    const { error } = await chat(api);
    expect(error).toMatchObject({
      code: "OUTPUT_INVALID",
      message: "The model's answer does not fit the schema: /pears must be of type integer",
    });
    const frames = await streamed(api);
    expect(frames.at(-1)?.data).toMatchObject({ type: "error", code: "OUTPUT_INVALID" });
    expect(textOf(frames)).toBe("");
    const fired = await api.call("POST", "/triggers/count", {
      ...ann,
      body: { data: { what: "pears" }, use_async: false, format },
    });
    expect([fired.status, fired.body.error.code]).toEqual([422, "OUTPUT_INVALID"]);
  });

  test("is asked for in words where the provider refuses the schema", async () => {
    const { api, models } = await open();
    const refusal = {
      status: 400,
      body: '{"error":{"message":"response_format json_schema is not supported"}}',
    };
    models.reply(refusal, { text: ["twelve"] }, refusal, { text: ['{"pears":12}'] });
    expect((await chat(api)).data.message.object).toEqual({ pears: 12 });
    expect(models.requests.map((_, index) => bodyOf(models, index).response_format?.type)).toEqual([
      "json_schema",
      undefined,
      "json_schema",
      undefined,
    ]);
  });

  test("may be a list, or have properties that are not required", async () => {
    const { api, models } = await open();
    models.reply({ text: ["[1, 2]"] }, { text: ['{"apples":1}'] });
    const list = { type: "array", items: { type: "integer" } };
    expect((await chat(api, { format: { type: "json", schema: list } })).data.message.object).toEqual([1, 2]);
    expect(bodyOf(models, 0).response_format).toBeUndefined();
    const loose = { type: "object", properties: { pears: { type: "integer" } } };
    expect((await chat(api, { format: { type: "json", schema: loose } })).data.message.object).toEqual({
      apples: 1,
    });
    expect(bodyOf(models, 1).response_format.json_schema.strict).toBe(false);
  });

  test("is a question where the user is asked something", async () => {
    const { api, models } = await open("overlord: { clarification: { style: brief } }");
    models.reply(
      { text: [], toolCalls: [{ id: "c1", name: "ask_user", arguments: ['{"question":"Which orchard?"}'] }] },
      { text: ['{"pears":12}'] },
    );
    const [asking] = (await streamed(api)).slice(-1);
    expect(asking?.data.clarification.question).toBe("Which orchard?");
    expect(asking?.data).not.toHaveProperty("object");
    const answered = await streamed(api, { message: "The north one" });
    expect(answered.at(-1)?.data.object).toEqual({ pears: 12 });
  });

  test("has its parts without overlord.response.progress too", async () => {
    const { api, models } = await open("overlord: { response: { progress: false } }");
    models.reply({ text: ['{"pears":', "12}"] });
    expect((await streamed(api)).map(({ event }) => event)).toEqual(["progress", "object", "text", "done"]);
  });
});

describe("a schema", () => {
  test.each<[object, string]>([
    [{ $ref: "https://example.com/pears.json" }, "leads out of the schema"],
    [{ type: "pear" }, 'type "pear" is none of JSON Schema'],
    [{ description: "x".repeat(70_000) }, "the limit is 65536"],
  ])("that cannot be used is refused, before anything is asked", async (refused, why) => {
    const { api, models } = await open();
    const { error } = await chat(api, { format: { type: "json", schema: refused } });
    expect(error.code).toBe("INVALID_PARAMS");
    expect(error.message).toContain(why);
    expect(models.requests).toEqual([]);
  });

  test("that takes for ever to check stops nobody else", async () => {
    const { api, models } = await open();
    const text = `"${"a".repeat(60)}!"`;
    models.defaultReply = { text: [text] };
    const { error } = await chat(api, { format: { type: "json", schema: { pattern: "^(a+)+$" } } });
    expect(error).toMatchObject({
      code: "OUTPUT_INVALID",
      message: expect.stringContaining("take too long"),
    });
  });

  test("is nothing for the built-in model", async () => {
    const api = await startFormation(await writeFormation());
    const { error } = await chat(api);
    expect(error).toMatchObject({
      code: "LLM_NOT_CONFIGURED",
      message: expect.stringContaining("no schema"),
    });
  });
});
