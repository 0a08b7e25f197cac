import { describe, expect, test } from "vitest";
import { ask, hello, openModelBench, textOf } from "./model-harness.ts";
import {
  anthropic,
  called,
  calls,
  callsIn,
  delta,
  done,
  frame,
  google,
  idsIn,
  openai,
  reasonIn,
  said,
  thoughtsIn,
  weather,
} from "./model-said.ts";

const stop = delta({}, "stop");
const openaiText = [delta({ content: "Hel" }), delta({ content: "lo 👋" }), stop, done].map(frame).join("");
const part = (text: string, finishReason?: string) =>
  frame({ candidates: [{ content: { parts: [{ text }] }, finishReason }] });
const googleText = part("Hel") + part("lo 👋", "STOP");
const block = (index: number, content_block: object) => ({
  type: "content_block_start",
  index,
  content_block,
});
const blockDelta = (index: number, delta: object) => ({ type: "content_block_delta", index, delta });
const anthropicText = [
  block(0, { type: "text", text: "Hel" }),
  blockDelta(0, { type: "text_delta", text: "lo 👋" }),
  { type: "content_block_stop", index: 0 },
  { type: "message_stop" },
]
  .map(frame)
  .join("");

describe.each([
  ["openai/m", openaiText],
  ["anthropic/m", anthropicText],
  ["google/m", googleText],
])("the stream of %s is read", (id, stream) => {
  test.each<[string, string, string?]>([
    ["with the line ends of Windows", stream.replaceAll("\n", "\r\n")],
    ["with the line ends of old systems", stream.replaceAll("\n", "\r")],
    ["after a byte order mark", `\ufeff${stream}`],
    ["without a blank behind the colon", stream.replaceAll("data: ", "data:")],
    ["between comments", `: ping\n\n${stream.replaceAll("\n\n", "\n\n: ping\n\n")}`],
    ["without the blank line at its end", stream.trimEnd()],
    ["without blank lines", stream.replaceAll("\n\n", "\n")],
    ["as plain text", stream, "text/plain"],
    ["as what is called JSON", stream, "application/json"],
    ["as what is called a page", stream, "text/html"],
  ])("%s", async (_, sent, type) => {
    expect(textOf(await said(id, sent, type))).toBe("Hello 👋");
  });
});

test.each([
  ["openai/m", { choices: [{ message: { content: "plain" }, finish_reason: "stop" }] }],
  ["anthropic/m", { type: "message", content: [{ type: "text", text: "plain" }], stop_reason: "end_turn" }],
  ["google/m", [{ candidates: [{ content: { parts: [{ text: "plain" }] }, finishReason: "STOP" }] }]],
])("an answer in one piece is read whatever %s calls it, after blank lines too", async (id, body) => {
  const text = JSON.stringify(body, null, 2);
  for (const type of ["text/event-stream", "text/plain"])
    expect(textOf(await said(id, `\n\n${text}`, type))).toBe("plain");
  expect(textOf(await said(id, `\ufeff${text}`, "application/json"))).toBe("plain");
});

describe("calls of which each piece has its own", () => {
  const one = '{"n":1}';
  const two = '{"n":2}';
  test.each<[string, object[], string[]]>([
    [
      "id",
      [
        calls({ index: 0, id: "a", ...weather({ arguments: '{"n"' }) }),
        calls({ index: 0, id: "b", function: { arguments: ":1}" } }),
      ],
      [one],
    ],
    [
      "id and no index",
      [
        calls({ id: "a", ...weather({ arguments: '{"n"' }) }),
        calls({ id: "b", function: { arguments: ":1}" } }),
      ],
      [one],
    ],
    [
      "form: an empty object, then text",
      [
        calls({ index: 0, id: "a", ...weather({ arguments: {} }) }),
        calls({ index: 0, function: { arguments: one } }),
      ],
      [one],
    ],
    [
      "form: empty braces, then text",
      [
        calls({ index: 0, id: "a", ...weather({ arguments: "{}" }) }),
        calls({ index: 0, function: { arguments: '{"n":' } }),
        calls({ index: 0, function: { arguments: "1}" } }),
      ],
      [one],
    ],
    [
      "call, with the same id and index",
      [
        calls(
          { index: 0, id: "a", ...weather({ arguments: one }) },
          { index: 0, id: "a", ...weather({ arguments: two }) },
        ),
      ],
      [one, two],
    ],
    [
      "call, with the same id, as objects",
      [
        calls(
          { id: "a", ...weather({ arguments: { n: 1 } }) },
          { id: "a", ...weather({ arguments: { n: 2 } }) },
        ),
      ],
      [one, two],
    ],
    [
      "text, encoded twice",
      [calls({ index: 0, id: "a", ...weather({ arguments: JSON.stringify(one) }) })],
      [one],
    ],
    ["nothing: null", [calls({ index: 0, id: "a", ...weather({ arguments: "null" }) })], [""]],
    [
      "place: no list around it",
      [delta({ tool_calls: { index: 0, id: "a", ...weather({ arguments: one }) } })],
      [one],
    ],
    [
      "name, with blanks",
      [calls({ index: 0, id: "a", function: { name: " weather\n", arguments: one } })],
      [one],
    ],
  ])("%s", async (_, events, expected) => {
    const deltas = await openai(...events, called, done);
    expect(callsIn(deltas)).toEqual(expected.map((args) => ["weather", args]));
    expect(new Set(idsIn(deltas)).size).toBe(expected.length);
  });
});

test("Anthropic's input may be JSON text or an object wherever it comes, in blocks that nobody ends", async () => {
  const tool = (id: string, input: unknown) => ({ type: "tool_use", id, name: "weather", input });
  const deltas = await anthropic(
    block(0, tool("a", '{"n":1}')),
    block(0, tool("a", {})),
    blockDelta(0, { type: "input_json_delta", partial_json: { n: 2 } }),
    { type: "message_delta", delta: { stop_reason: "end_turn" } },
    { type: "message_stop" },
  );
  expect(callsIn(deltas).map(([, args]) => args)).toEqual(['{"n":1}', '{"n":2}']);
  expect(new Set(idsIn(deltas)).size).toBe(2);
  expect(reasonIn(deltas)).toMatchObject({ reason: "tool_calls" });
});

test("calls that one model made are sent to another with ids that it takes", async () => {
  const { server, modelOf } = await openModelBench();
  const toolCalls = [{ id: "functions.weather:0", name: "weather", arguments: "{}" }];
  const results = {
    role: "tool",
    toolCallId: "functions.weather:0",
    name: "weather",
    content: "Rain",
  } as const;
  await ask(modelOf("anthropic/m"), {
    messages: [...hello.messages, { role: "assistant", content: "", toolCalls }, results],
  });
  const sent = JSON.stringify(server.requests[0]?.body);
  expect(sent).toContain('"id":"functions_weather_0"');
  expect(sent).toContain('"tool_use_id":"functions_weather_0"');
  const nameless = await openai(calls({ index: 0, ...weather({ arguments: "{}" }) }), called, done);
  expect(idsIn(nameless)[0]?.length).toBeLessThanOrEqual(40);
});

test.each([
  "input length and `max_tokens` exceed context limit: 198000 + 8192 > 200000",
  "This model's maximum prompt length is 131072 but the request contains 140000 tokens.",
  "Input tokens exceed the configured limit of 272000 tokens.",
  "Invalid request: Your request exceeded model token limit: 8192",
  "Range of input length should be [1, 30720]",
  "Prompt exceeds max length",
  "Input validation error: `inputs` must have less than 1024 tokens. Given: 2000",
  "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4097.",
])("a request is too long where a provider says: %s", async (message) => {
  const { server, modelOf } = await openModelBench();
  server.reply({ status: 400, body: JSON.stringify({ error: { message } }) });
  await expect(ask(modelOf("openai/m"))).rejects.toThrow("longer than the model's context window");
});

test("Google's calls with one id get one each", async () => {
  const functionCall = { id: "a", name: "weather" };
  const deltas = await google({
    candidates: [{ content: { parts: [{ functionCall }, { functionCall }] }, finishReason: "STOP" }],
  });
  expect(callsIn(deltas)).toEqual([
    ["weather", "{}"],
    ["weather", "{}"],
  ]);
  expect(new Set(idsIn(deltas)).size).toBe(2);
});

describe("what is wrong in the middle of an answer is said", () => {
  test.each([
    [
      "an error in a choice",
      { choices: [{ index: 0, delta: {}, error: { code: 502, message: "x" }, finish_reason: "error" }] },
    ],
    ["the reason error", delta({}, "error")],
  ])("%s", async (_, event) => {
    await expect(openai(delta({ content: "Hel" }), event, done)).rejects.toMatchObject({ code: "LLM_ERROR" });
  });

  test("a call that Google could not read after a text", async () => {
    const text = { candidates: [{ content: { parts: [{ text: "Let me see." }] } }] };
    await expect(google(text, { candidates: [{ finishReason: "MALFORMED_FUNCTION_CALL" }] })).rejects.toThrow(
      "broke off",
    );
  });
});

test("what comes after the end is no part of an answer", async () => {
  expect(
    textOf(
      await openai(
        delta({ content: "Hel" }),
        delta({ content: "lo" }),
        stop,
        " [DONE] ",
        delta({ content: "!" }),
      ),
    ),
  ).toBe("Hello");
});

test("a whole message in a stream is read, unless it repeats what was said", async () => {
  const whole = { choices: [{ message: { content: "Hello" }, finish_reason: "stop" }] };
  expect(textOf(await openai(whole, done))).toBe("Hello");
  expect(textOf(await openai(delta({ content: "Hel" }), delta({ content: "lo" }), whole))).toBe("Hello");
});

test.each([
  ["tool_calls", "stop"],
  ["STOP", "stop"],
  ["eos_token", "stop"],
  ["max_tokens", "length"],
])("a text that ends with %s ends with %s", async (given, reason) => {
  expect(reasonIn(await openai(delta({ content: "Hello" }), delta({}, given)))).toMatchObject({ reason });
});

test.each([
  ["[THINK]", "[/THINK]"],
  ["<reasoning>", "</reasoning>"],
])("what stands between %s and %s is reasoning", async (open, close) => {
  const deltas = await openai(...[open, "Hm.", close, "Hello"].map((content) => delta({ content })), stop);
  expect([thoughtsIn(deltas), textOf(deltas)]).toEqual(["Hm.", "Hello"]);
});

test.each([
  ["openai/m", [delta({ content: "\n\n" }), stop, done]],
  ["openai/m", [delta({ content: "<think>Hm.</think>" }), stop, done]],
  ["anthropic/m", [block(0, { type: "text", text: " \n" }), { type: "message_stop" }]],
  ["google/m", [{ candidates: [{ content: { parts: [{ text: "\n" }] }, finishReason: "STOP" }] }]],
])("an answer of %s without a word is asked for once more, then an error: %j", async (id, events) => {
  const { server, modelOf } = await openModelBench();
  const body = events.map(frame).join("");
  server.defaultReply = { status: 200, body, headers: { "content-type": "text/event-stream" } };
  await expect(ask(modelOf(id))).rejects.toThrow("without a text or a tool call");
  expect(server.requests).toHaveLength(2);
});
