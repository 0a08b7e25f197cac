import { createPlaces } from "@muxi/http";
import { ApiError } from "@muxi/protocol";
import { expect, test } from "vitest";
import { EventLog } from "../src/events/index.ts";
import { type AgentTurn, answerWith } from "../src/overlord/agent-loop.ts";
import { RequestBudget, type ToolLimits } from "../src/overlord/budget.ts";
import { createWindowSizes } from "../src/overlord/fit-window.ts";
import { createJournal } from "../src/overlord/journal.ts";
import { askUser, type Tool } from "../src/tools/index.ts";
import { noJournal } from "./harness.ts";
import { openModelBench } from "./model-harness.ts";
import type { Reply } from "./model-server.ts";

const limits = { rounds: 10, calls: 50, repeatedErrors: 3, time: 300_000, callTime: 30_000 };

const budgetOf = (chosen: ToolLimits) =>
  new RequestBudget({ limits: chosen, now: Date.now, places: createPlaces(100) });

const toolNamed = (name: string, call: Tool["call"]): Tool => ({
  definition: { name, description: name, parameters: { type: "object" } },
  call,
});

const weather = toolNamed("weather", async ({ place }) => ({ text: `Rain in ${place}`, failed: false }));

const calls = (...toolCalls: [name: string, args: string][]): Reply => ({
  text: [],
  toolCalls: toolCalls.map(([name, args], index) => ({ id: `call_${index}`, name, arguments: [args] })),
});

/** A model that answers by the given replies, and the loop around it. */
const openLoop = async (
  replies: Reply[],
  tools: readonly Tool[],
  { limits: other, ...more }: Partial<AgentTurn> & { limits?: Partial<ToolLimits> } = {},
) => {
  const { server, modelOf } = await openModelBench();
  server.reply(...replies);
  const model = modelOf("openai/gpt-4o-mini");
  const log = new EventLog();
  const stop = new AbortController();
  const start = () => {
    const request: AgentTurn["request"] = {
      messages: [{ role: "user", content: "How is the weather?" }],
      tools: tools.map(({ definition }) => definition),
    };
    const rest = model.stream(request, stop.signal)[Symbol.asyncIterator]();
    const first = rest.next();
    first.catch(() => {});
    const run = { signal: stop.signal, log };
    return answerWith({
      run,
      model,
      request,
      begun: { first, rest },
      tools,
      budget: budgetOf({ ...limits, ...other }),
      windows: createWindowSizes(),
      journal: noJournal,
      given: [],
      citing: "none",
      ...more,
    });
  };
  // biome-ignore lint/suspicious/noExplicitAny: a test looks wherever it likes into a request
  const bodyOf = async (index: number) => (await server.request(index)).body as any;
  const events = () =>
    log
      .framesAfter(0)
      .frames.split("\n\n")
      .filter((frame) => frame !== "")
      .map((frame) => JSON.parse(frame.slice(frame.indexOf("data: ") + 6)));
  return { server, start, log, stop, events, bodyOf };
};

test("calls run side by side, their results go to the model, and everything is told in order", async () => {
  let waiting = 0;
  const together = toolNamed("together", async (args) => {
    waiting += 1;
    while (waiting < 2) await new Promise((resolve) => setImmediate(resolve));
    return { text: JSON.stringify(args), failed: false };
  });
  const { start, events, bodyOf } = await openLoop(
    [
      {
        text: ["Let me see."],
        reasoning: ["Hm."],
        usage: { input: 10, output: 5 },
        toolCalls: [
          { id: "call_a", name: "together", arguments: ['{"n":', "1}"] },
          { id: "call_b", name: "together", arguments: ['{"n":2}'] },
        ],
      },
      { text: ["Both ", "worked."], usage: { input: 20, output: 7 } },
    ],
    [together],
  );
  expect(await start()).toEqual({
    given: [],
    model: "openai/gpt-4o-mini",
    finishReason: "stop",
    usage: { input_tokens: 30, output_tokens: 12, total_tokens: 42 },
  });
  expect((await bodyOf(1)).messages.slice(1)).toEqual([
    {
      role: "assistant",
      content: "Let me see.",
      reasoning_content: "Hm.",
      tool_calls: [
        { id: "call_a", type: "function", function: { name: "together", arguments: '{"n":1}' } },
        { id: "call_b", type: "function", function: { name: "together", arguments: '{"n":2}' } },
      ],
    },
    { role: "tool", tool_call_id: "call_a", content: '{"n":1}' },
    { role: "tool", tool_call_id: "call_b", content: '{"n":2}' },
  ]);
  // Results are told as they come.
  expect(events()).toMatchObject([
    { type: "thinking", content: "Hm." },
    { type: "text", text: "Let me see." },
    { type: "tool_call", id: "call_a", name: "together", arguments: { n: 1 } },
    { type: "tool_call", id: "call_b" },
    { type: "tool_result", is_error: false },
    { type: "tool_result", is_error: false },
    { type: "text", text: "\n\n" },
    { type: "text", text: "Both " },
    { type: "text", text: "worked." },
  ]);
});

test.each([
  ["fly", "{}", "There is no tool named fly. The tools are: weather"],
  [
    "weather",
    "{nonsense",
    "The arguments of weather are not a JSON object of at most 100 levels. Call it again with one",
  ],
  [
    "weather",
    `${'{"a":'.repeat(5_000)}1${"}".repeat(5_000)}`,
    "The arguments of weather are not a JSON object of at most 100 levels. Call it again with one",
  ],
])("the model hears what is wrong with the call %s %s", async (name, args, text) => {
  const { start, bodyOf, events } = await openLoop([calls([name, args])], [weather]);
  await start();
  expect((await bodyOf(1)).messages.at(-1)).toMatchObject({ role: "tool", content: text });
  expect(events()).toContainEqual(expect.objectContaining({ type: "tool_result", is_error: true }));
});

test("an id that a model gives again in a later round is another one for it", async () => {
  const call = () => calls(["weather", '{"place":"Ulm"}']);
  const { start, bodyOf } = await openLoop([call(), call(), { text: ["Rain."] }], [weather]);
  await start();
  const { messages } = await bodyOf(2);
  const results = messages.filter(({ role }: { role: string }) => role === "tool");
  expect(results).toHaveLength(2);
  const called = messages.flatMap((message: { tool_calls?: { id: string }[] }) => message.tool_calls ?? []);
  const ids = called.map(({ id }: { id: string }) => id);
  expect(new Set(ids).size).toBe(2);
  expect(results.map((each: { tool_call_id: string }) => each.tool_call_id)).toEqual(ids);
});

test("a tool that throws or takes too long is answered for", async () => {
  const broken = toolNamed("broken", async () => {
    throw new Error("no saw");
  });
  const slow = toolNamed("slow", () => new Promise(() => {}));
  const { start, bodyOf } = await openLoop([calls(["broken", "{}"], ["slow", "{}"])], [broken, slow], {
    limits: { callTime: 20 },
  });
  await start();
  const results = (await bodyOf(1)).messages.slice(-2).map(({ content }: { content: string }) => content);
  expect(results).toEqual(["broken failed: no saw", "slow took longer than 0.02 s and was stopped"]);
});

test.each([
  ["rounds", { rounds: 3 }, 3],
  ["calls", { calls: 2 }, 3],
  ["time", { time: 0 }, 2],
])("at the limit of %s the model answers without further calls", async (_, limit, requests) => {
  const again = calls(["weather", '{"place":"Kent"}']);
  const replies = [...Array<Reply>(requests - 1).fill(again), { text: ["It rains."] }];
  const { start, log, bodyOf, server } = await openLoop(replies, [weather], {
    limits: limit,
  });
  expect(await start()).toMatchObject({ limitReached: expect.stringMatching(/^[23] \w+|0 s$/) });
  expect(server.requests.length).toBe(requests);
  const last = await bodyOf(requests - 1);
  expect(last.tool_choice).toBe("none");
  expect(last.messages.at(-1).content).toContain("Answer now with what you have found");
  expect((await bodyOf(0)).tool_choice).toBeUndefined();
  expect(log.text).toBe("It rains.");
});

test("more calls at once than are left are not made", async () => {
  let made = 0;
  const counting = toolNamed("count", async () => ({ text: `${++made}`, failed: false }));
  const { start } = await openLoop([calls(["count", "{}"], ["count", "{}"], ["count", "{}"])], [counting], {
    limits: { calls: 2 },
  });
  await start();
  expect(made).toBe(2);
});

test("tokens of all rounds together have a limit too", async () => {
  const again: Reply = { ...calls(["weather", '{"place":"Kent"}']), usage: { input: 2_000_000, output: 1 } };
  const { start, server } = await openLoop([again, again, again], [weather]);
  expect(await start()).toMatchObject({ limitReached: "5000000 tokens" });
  expect(server.requests.length).toBe(4);
});

test("the same error three times in a row ends the calls", async () => {
  const broken = toolNamed("broken", async () => ({ text: "no saw", failed: true }));
  const { start, server } = await openLoop(Array<Reply>(9).fill(calls(["broken", "{}"])), [broken]);
  await start();
  expect(server.requests.length).toBe(4);
});

test("stopping the request stops its tools", async () => {
  let heard: unknown;
  let start = () => {};
  const started = new Promise<void>((resolve) => {
    start = resolve;
  });
  const slow = toolNamed("slow", (_, signal) => {
    signal.addEventListener("abort", () => {
      heard = signal.reason;
    });
    start();
    return new Promise(() => {});
  });
  const loop = await openLoop([calls(["slow", "{}"])], [slow]);
  const answer = loop.start();
  await started;
  const reason = new ApiError("CANCELLED", "Stopped on request");
  loop.stop.abort(reason);
  await expect(answer).rejects.toBe(reason);
  expect(heard).toBe(reason);
});

test("a request that is taken up again does not repeat what it has finished", async () => {
  const kept = new Map<string, string>();
  const journal = createJournal(kept, {
    isKept: () => true,
    confirm: async () => {},
    async store(steps) {
      for (const [key, result] of steps) kept.set(key, result);
    },
  });
  let made = 0;
  const counting = toolNamed("count", async () => ({ text: `${++made}`, failed: false }));
  const replies = [calls(["count", "{}"]), { status: 400 }];
  const before = await openLoop(replies, [counting], { journal });
  await expect(before.start()).rejects.toMatchObject({ code: "LLM_NOT_CONFIGURED" });

  const after = await openLoop([{ text: ["not read"] }, { text: ["One."] }], [counting], { journal });
  await after.start();
  expect(made).toBe(1);
  expect(after.log.text).toBe("One.");
  expect((await after.bodyOf(1)).messages.at(-1)).toMatchObject({ role: "tool", content: "1" });
});

test("a model that cannot take an image besides its text is asked with the text alone", async () => {
  const image = { type: "image" as const, mediaType: "image/png", data: "aGk=" };
  const photo = toolNamed("photo", async () => ({ text: "[image]", failed: false, images: [image] }));
  const { modelOf, server: sees } = await openModelBench();
  const tooLong: Reply = { status: 400, body: '{"error":{"code":"context_length_exceeded"}}' };
  sees.reply(tooLong, { text: ["A tree."] });
  const { start, log } = await openLoop([calls(["photo", "{}"])], [photo], {
    seeing: modelOf("openai/gpt-4o"),
  });
  await start();
  expect(log.text).toBe("A tree.");
  const roles = sees.requests.map(({ body }) => {
    // biome-ignore lint/suspicious/noExplicitAny: a test looks wherever it likes into a request
    const { messages } = body as any;
    return messages.map(({ role }: { role: string }) => role);
  });
  expect(roles).toEqual([
    ["user", "assistant", "tool", "user"],
    ["user", "assistant", "tool"],
  ]);
});

test("the model that sees gets no signatures of another model", async () => {
  const image = { type: "image" as const, mediaType: "image/png", data: "aGk=" };
  const photo = toolNamed("photo", async () => ({ text: "[image]", failed: false, images: [image] }));
  const { modelOf, server } = await openModelBench();
  server.reply(calls(["photo", "{}"]), calls(["photo", "{}"]), { text: ["A tree."] });
  const model = modelOf("google/gemini-2.5-flash");
  const run = { signal: new AbortController().signal, log: new EventLog() };
  await answerWith({
    run,
    model,
    seeing: modelOf("google/gemini-3-flash"),
    request: { messages: [{ role: "user", content: "Look" }], tools: [photo.definition] },
    tools: [photo],
    budget: budgetOf(limits),
    windows: createWindowSizes(),
    journal: noJournal,
    given: [],
    citing: "none",
  });
  const signatures = (index: number) =>
    server.requests[index]?.bytes.toString().match(/"thoughtSignature":"[^"]+"/g) ?? [];
  expect(signatures(1)).toEqual(['"thoughtSignature":"skip_thought_signature_validator"']);
  expect(signatures(2)).toEqual([...signatures(1), '"thoughtSignature":"c2lnbmVk"']);
});

test("an image of a result is kept with it for whoever takes the request up", async () => {
  const kept = new Map<string, string>();
  const journal = createJournal(kept, {
    isKept: () => true,
    confirm: async () => {},
    async store(steps) {
      for (const [key, result] of steps) kept.set(key, result);
    },
  });
  const image = { type: "image" as const, mediaType: "image/png", data: "aGk=" };
  const photo = toolNamed("photo", async () => ({ text: "[image]", failed: false, images: [image] }));
  const { modelOf, server: sees } = await openModelBench();
  const seeing = modelOf("openai/gpt-4o");
  sees.reply({ status: 401 }, { text: ["A tree."] });
  const before = await openLoop([calls(["photo", "{}"])], [photo], { journal, seeing });
  await expect(before.start()).rejects.toThrow("refused the API key");
  const after = await openLoop([{ text: ["not read"] }], [photo], { journal, seeing });
  await after.start();
  expect(after.log.text).toBe("A tree.");
  expect(sees.requests[1]?.bytes.toString()).toBe(sees.requests[0]?.bytes.toString());
});

test("a question to the user ends the turn", async () => {
  const { start, log, server } = await openLoop(
    [calls(["ask_user", '{"question":"Which orchard?"}'])],
    [weather, askUser],
  );
  expect(await start()).toMatchObject({
    finishReason: "stop",
    clarification: { question: "Which orchard?" },
  });
  expect(log.text).toBe("Which orchard?");
  expect(server.requests.length).toBe(1);
});

test("a model that knows no tools is asked without those that are built in", async () => {
  const refusal: Reply = { status: 400, body: '{"error":{"message":"this model does not support tools"}}' };
  const builtIn = await openLoop([refusal, { text: ["Hello."] }], [askUser]);
  await builtIn.start();
  expect(builtIn.log.text).toBe("Hello.");
  expect((await builtIn.bodyOf(1)).tools).toBeUndefined();

  const server = await openLoop([refusal], [{ ...weather, server: "sky" }]);
  await expect(server.start()).rejects.toMatchObject({ code: "LLM_NOT_CONFIGURED" });
});
