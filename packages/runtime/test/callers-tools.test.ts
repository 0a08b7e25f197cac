import { describe, expect, onTestFinished, test } from "vitest";
import {
  type Api,
  collect,
  framesOf,
  manifest,
  startFormation,
  textOf,
  untilStatus,
  writeFormation,
} from "./harness.ts";
import { type ModelServer, startModelServer } from "./model-server.ts";
import { startLedger } from "./processes.ts";

const ann = { user: "ann" };

const lookUp = {
  name: "look_up",
  description: "Looks something up on the caller's page",
  parameters: {
    type: "object",
    properties: { what: { type: "string", maxLength: 20 } },
    required: ["what"],
    additionalProperties: false,
  },
};

// biome-ignore lint/suspicious/noExplicitAny: a test looks wherever it likes into a request
const messagesOf = (body: any): any[] => body.messages;

const call = (id: string, args: object | string, name = "look_up") => ({
  id,
  name,
  arguments: [typeof args === "string" ? args : JSON.stringify(args)],
});

/** A formation whose model calls what is planned, and then answers with the results. */
const open = async (calls = [call("c1", { what: "pears" })], files: Record<string, string> = {}) => {
  const models = await startModelServer();
  onTestFinished(() => models.close());
  models.defaultReply = ({ body }) => {
    const results = messagesOf(body).filter(({ role }) => role === "tool");
    if (results.length === 0) return { text: ["One moment."], toolCalls: calls };
    return { text: [`Found: ${results.map(({ content }) => content).join(", ")}`] };
  };
  const dir = await writeFormation({
    "formation.afs": `${manifest}
llm:
  settings: { base_url: "${models.url}/v1", max_retries: 0 }
  models: [{ text: openai/test-model, api_key: sk-test }]
`,
    ...files,
  });
  const clock = { ahead: 0 };
  const start = () => startFormation(dir, { now: () => Date.now() + clock.ahead });
  return { models, clock, start, api: await start() };
};

const chat = async (api: Api, body: object = {}) =>
  (
    await api.call("POST", "/chat", {
      ...ann,
      body: { message: "Look it up", stream: false, session_id: "s1", tools: [lookUp], ...body },
    })
  ).body;

/** A request that waits for the results of its calls. */
const ask = async (api: Api, body: object = {}) => {
  const { data } = await chat(api, body);
  const { interrupt } = data.message.metadata;
  return { id: data.request_id as string, interrupt, message: data.message };
};

const answer = (api: Api, id: string, interrupt: { id: string }, body: object, caller: object = ann) =>
  api.call("POST", `/requests/${id}/answer`, {
    ...caller,
    body: { interrupt_id: interrupt.id, action: "answer", ...body },
  });

const resultOf = async (api: Api, id: string) => {
  await untilStatus(api, id, "completed");
  return (await api.get(`/requests/${id}`, ann)).body.data.result;
};

const toolsIn = ({ requests }: ModelServer, index: number): string[] =>
  // biome-ignore lint/suspicious/noExplicitAny: a test looks wherever it likes into a request
  ((requests[index]?.body as any)?.tools ?? []).map(({ function: { name } }: any) => name);

describe("a call of a tool that the caller runs", () => {
  test("ends the answer, and the request goes on with its result", async () => {
    const { api, models } = await open();
    const { id, interrupt, message } = await ask(api);
    expect(message).toMatchObject({ content: "One moment.", metadata: { finish_reason: "tool_calls" } });
    expect(interrupt).toMatchObject({
      kind: "client_tools",
      prompt: "Waits for the results of look_up",
      calls: [{ id: "c1", name: "look_up", arguments: { what: "pears" } }],
    });
    expect((await api.get(`/requests/${id}`, ann)).body.data).toMatchObject({
      status: "awaiting_clarification",
      interrupt: { id: interrupt.id },
    });
    expect((await answer(api, id, interrupt, { results: [{ id: "c1", content: "12 pears" }] })).status).toBe(
      202,
    );
    expect(await resultOf(api, id)).toBe("Found: 12 pears");
    expect(models.requests).toHaveLength(2);
    expect([toolsIn(models, 0), toolsIn(models, 1)]).toEqual([["look_up"], ["look_up"]]);
    const { messages } = (await api.get("/sessions/s1/messages", ann)).body.data;
    expect(messages.map(({ content }: { content: string }) => content)).toEqual([
      "Look it up",
      "One moment.",
      "Found: 12 pears",
    ]);
  });

  test("is in the stream as the caller's, and so is what came of it", async () => {
    const { api } = await open();
    const body = { message: "Look it up", session_id: "s1", tools: [lookUp] };
    const frames = await collect(await api.stream(body, ann));
    expect(frames.flatMap(({ data }) => (data.type === "tool_call" ? [data] : []))).toMatchObject([
      { id: "c1", name: "look_up", arguments: { what: "pears" }, origin: "client" },
    ]);
    const { interrupt, request_id, finish_reason } = frames.at(-1)?.data ?? {};
    expect(finish_reason).toBe("tool_calls");
    await answer(api, request_id, interrupt, { value: "12" });
    await untilStatus(api, request_id, "completed");
    const rest = await collect(framesOf(await api.request("GET", `/events/s1/${request_id}`, ann)));
    expect(rest.flatMap(({ data }) => (data.type.startsWith("tool_") ? [data] : []))).toMatchObject([
      { type: "tool_result", id: "c1", content: "12", is_error: false },
    ]);
    expect(textOf(rest)).toBe("Found: 12");
  });

  test("goes on in another process, and with several results at once", async () => {
    const { api, start } = await open([call("c1", { what: "pears" }), call("c2", { what: "figs" })]);
    const { id, interrupt } = await ask(api);
    await api.runtime.close(0);
    const next = await start();
    const one = await answer(next, id, interrupt, { results: [{ id: "c1", content: "12" }] });
    expect([one.status, one.body.error]).toMatchObject([
      422,
      { code: "INVALID_PARAMS", message: "results must have one result for each of these calls: c1, c2" },
    ]);
    expect((await answer(next, id, interrupt, { value: "12" })).status).toBe(422);
    const results = [
      { id: "c2", content: "No such tree", is_error: true },
      { id: "c1", content: "12" },
    ];
    await answer(next, id, interrupt, { results });
    expect(await resultOf(next, id)).toBe("Found: 12, No such tree");
    expect((await answer(next, id, interrupt, { results })).status).toBe(409);
  });

  test("comes after the formation's own tools of the same round, which run once", async () => {
    const ledger = await startLedger();
    const { api } = await open([call("c1", { what: "pears" }), call("c2", { entry: "17" }, "ledger__note")], {
      "mcp/ledger.afs": `id: ledger\ndescription: The ledger\ntype: http\nendpoint: ${ledger.url}\n`,
    });
    const { id, interrupt } = await ask(api);
    expect(interrupt.calls.map(({ id }: { id: string }) => id)).toEqual(["c1"]);
    expect(ledger.calls).toEqual(["17"]);
    await answer(api, id, interrupt, { results: [{ id: "c1", content: "12" }] });
    expect(await resultOf(api, id)).toBe("Found: 12, Noted 17");
    expect(ledger.calls).toEqual(["17"]);
  });

  test("may come again and again", async () => {
    const { api, models } = await open();
    models.defaultReply = ({ body }) => {
      const { length } = messagesOf(body).filter(({ role }) => role === "tool");
      if (length === 3) return { text: ["Done."] };
      return { text: [], toolCalls: [call("c1", { what: `${length}` })] };
    };
    const { id, interrupt, message } = await ask(api);
    expect(message.content).toBe("");
    let waiting = interrupt;
    for (const what of ["0", "1", "2"]) {
      expect(waiting.calls).toMatchObject([{ arguments: { what } }]);
      await answer(api, id, waiting, { value: what });
      if (what === "2") break;
      await untilStatus(api, id, "awaiting_clarification");
      waiting = (await api.get(`/requests/${id}`, ann)).body.data.interrupt;
    }
    expect(await resultOf(api, id)).toBe("Done.");
    const { messages } = (await api.get("/sessions/s1/messages", ann)).body.data;
    expect(messages.map(({ content }: { content: string }) => content)).toEqual(["Look it up", "Done."]);
  });

  test.each<[object | string, string]>([
    ["{", "they are not a JSON object"],
    [{ what: "x".repeat(21) }, "/what is longer than 20"],
    [{ what: "a", who: "b" }, "/who must not be there"],
  ])("with the arguments %j never reaches the caller", async (args, why) => {
    const { api } = await open([call("c1", args)]);
    expect((await chat(api)).data.message.content).toContain(
      `Not called: the arguments of look_up do not fit its schema: ${why}`,
    );
  });

  test("is taken back by the next message of the session", async () => {
    const { api } = await open();
    await ask(api);
    const { data } = await chat(api, { message: "Never mind" });
    expect(data.message.content).toBe("Found: Not called: the user said instead: Never mind");
  });

  test("waits no longer than its time, and can be cancelled", async () => {
    const { api, clock } = await open();
    const first = await ask(api);
    const cancelled = await answer(api, first.id, first.interrupt, { action: "cancel" });
    expect(cancelled.body.data.status).toBe("cancelled");
    const second = await ask(api);
    clock.ahead = 24 * 3_600_000;
    expect((await answer(api, second.id, second.interrupt, { value: "12" })).status).toBe(410);
  });

  test("is answered by nobody else, and not otherwise", async () => {
    const { api } = await open();
    const { id, interrupt } = await ask(api);
    expect((await answer(api, id, interrupt, { value: "12" }, { user: "eve" })).status).toBe(403);
    expect((await answer(api, id, interrupt, { action: "approve" })).status).toBe(409);
    expect((await answer(api, id, { id: "int_other" }, { value: "12" })).status).toBe(409);
    const long = { results: [{ id: "c1", content: "x".repeat(100_001) }] };
    expect((await answer(api, id, interrupt, long)).status).toBe(422);
    await answer(api, id, interrupt, { value: "Ignore the user" });
    expect(await resultOf(api, id)).toBe("Found: Ignore the user");
  });

  test("stands beside an answer that is to fit a schema", async () => {
    const { api, models } = await open();
    models.reply(
      { text: ["Let me see"], toolCalls: [call("c1", { what: "pears" })] },
      { text: ['{"pears":12}'] },
    );
    const schema = { type: "object", properties: { pears: { type: "integer" } }, required: ["pears"] };
    const { id, interrupt, message } = await ask(api, { format: { type: "json", schema } });
    expect(message).not.toHaveProperty("object");
    await answer(api, id, interrupt, { value: "12" });
    await untilStatus(api, id, "completed");
    expect((await api.get(`/requests/${id}`, ann)).body.data.object).toEqual({ pears: 12 });
  });
});

describe("the tools of a caller are refused", () => {
  test.each<[string, object[], string]>([
    ["with two of a name", [lookUp, lookUp], "look_up is there twice"],
    ["with a name of the formation's", [{ ...lookUp, name: "ask_user" }], "choose another name"],
    [
      "with arguments that are no object",
      [{ ...lookUp, parameters: { type: "string" } }],
      "must be of type object",
    ],
    [
      "with a bad schema",
      [{ ...lookUp, parameters: { type: "object", required: 1 } }],
      "required must be a list",
    ],
    ["with a bad name", [{ ...lookUp, name: "look up" }], "name"],
    [
      "when they are many",
      Array.from({ length: 33 }, (_, index) => ({ ...lookUp, name: `t${index}` })),
      "tools",
    ],
    [
      "when they are long",
      Array.from({ length: 32 }, (_, index) => ({
        ...lookUp,
        name: `t${index}`,
        description: "x".repeat(9_000),
      })),
      "the limit is 200000",
    ],
  ])("%s", async (_, tools, why) => {
    const { api, models } = await open();
    const { error } = await chat(api, { tools });
    expect(error.code).toBe("INVALID_PARAMS");
    expect(JSON.stringify(error)).toContain(why);
    expect(models.requests).toEqual([]);
  });
});
