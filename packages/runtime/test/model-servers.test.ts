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

describe("calls of servers that speak OpenAI's chat completions", () => {
  test.each<[string, object[], string[][]]>([
    [
      "all with the same index, told apart by their ids",
      [
        calls({ index: 0, id: "a", ...weather({ arguments: '{"n":1}' }) }),
        calls({ index: 0, id: "b", ...weather({ arguments: '{"n":' }) }),
        calls({ index: 0, function: { arguments: "2}" } }),
      ],
      [
        ["weather", '{"n":1}'],
        ["weather", '{"n":2}'],
      ],
    ],
    [
      "all with the same index and without ids: a whole one is followed by the next",
      [
        calls({ index: 0, ...weather({ arguments: '{"n":1}' }) }),
        calls({ index: 0, ...weather({ arguments: '{"n":2}' }) }),
      ],
      [
        ["weather", '{"n":1}'],
        ["weather", '{"n":2}'],
      ],
    ],
    [
      "without an index, the id on every piece",
      [
        calls({ id: "a", ...weather({ arguments: '{"n"' }) }),
        calls({ id: "a", function: { arguments: ":1}" } }),
      ],
      [["weather", '{"n":1}']],
    ],
    [
      "with the name on every piece",
      [
        calls({ index: 0, id: "a", ...weather({ arguments: '{"n"' }) }),
        calls({ index: 0, ...weather({ arguments: ":1}" }) }),
        calls({ index: 0, ...weather({ arguments: "" }) }),
      ],
      [["weather", '{"n":1}']],
    ],
    [
      "with an index that is a text, and gaps between them",
      [
        calls({ index: "1", id: "a", ...weather({ arguments: "{}" }) }),
        calls({ index: "4", id: "b", function: { name: "moon" } }),
      ],
      [
        ["weather", "{}"],
        ["moon", ""],
      ],
    ],
    [
      "with their arguments as an object",
      [calls({ index: 0, id: "a", ...weather({ arguments: { n: 1 } }) })],
      [["weather", '{"n":1}']],
    ],
    [
      "as the function_call of old servers",
      [
        delta({ function_call: { name: "weather", arguments: '{"n":' } }),
        delta({ function_call: { arguments: "1}" } }),
      ],
      [["weather", '{"n":1}']],
    ],
    [
      "without a finish reason",
      [calls({ index: 0, id: "a", ...weather({ arguments: '{"n":1}' }) })],
      [["weather", '{"n":1}']],
    ],
  ])("%s", async (_, events, expected) => {
    const deltas = await openai(...events, called, done);
    expect(callsIn(deltas)).toEqual(expected);
    expect(reasonIn(deltas)).toMatchObject({ reason: "tool_calls" });
    const ids = idsIn(deltas);
    expect(new Set(ids).size).toBe(expected.length);
    expect(ids.every((id) => id !== "")).toBe(true);
    // Neither the reason nor the mark of the end is needed for calls that are whole.
    expect(callsIn(await openai(...events))).toEqual(expected);
  });

  test("an answer that ends inside a call is none", async () => {
    const begun = calls({ index: 0, id: "a", ...weather({ arguments: '{"n":' }) });
    await expect(openai(begun, done)).rejects.toThrow("openai broke off the answer of openai/m");
    await expect(openai(delta({ content: "Let me see." }), begun)).rejects.toThrow("broke off");
  });
});

describe("texts", () => {
  test("without a finish reason are answers, with and without the mark of the end", async () => {
    for (const end of [[done], []]) {
      const deltas = await openai(delta({ content: "Hello " }), delta({ content: "there" }), ...end);
      expect(textOf(deltas)).toBe("Hello there");
      expect(reasonIn(deltas)).toMatchObject({ reason: "stop" });
    }
    const block = { type: "content_block_start", index: 0, content_block: { type: "text", text: "Hello" } };
    const closed = { type: "content_block_stop", index: 0 };
    const stopped = { type: "message_delta", delta: { stop_reason: "end_turn" } };
    expect(textOf(await anthropic(block, closed, stopped))).toBe("Hello");
    expect(textOf(await anthropic(block, closed, stopped, { type: "message_stop" }, done))).toBe("Hello");
    await expect(anthropic(block)).rejects.toThrow("broke off");
    const candidate = { candidates: [{ content: { parts: [{ text: "Hello" }] } }] };
    expect(textOf(await google(candidate))).toBe("Hello");
    expect(textOf(await google(candidate, done))).toBe("Hello");
  });

  test("that come as lists of parts are read, thoughts apart", async () => {
    const deltas = await openai(
      delta({ content: [{ type: "thinking", thinking: [{ type: "text", text: "Hm." }] }] }),
      delta({ content: [{ type: "text", text: "Hello " }] }),
      delta({ content: ["world"] }),
      delta({}, "stop"),
    );
    expect([thoughtsIn(deltas), textOf(deltas)]).toEqual(["Hm.", "Hello world"]);
  });

  test("with frames that hold nothing between them", async () => {
    const text = "data:\n\nevent: ping\ndata: \n\n";
    const openaiText = [delta({ content: "Hello" }), delta({}, "stop"), done].map(frame).join(text);
    expect(textOf(await said("openai/m", text + openaiText))).toBe("Hello");
    const googleText = frame({
      candidates: [{ content: { parts: [{ text: "Hello" }] }, finishReason: "STOP" }],
    });
    expect(textOf(await said("google/m", text + googleText))).toBe("Hello");
    const stop = frame({ type: "message_stop" });
    const block = frame({
      type: "content_block_start",
      index: 0,
      content_block: { type: "text", text: "Hello" },
    });
    expect(textOf(await said("anthropic/m", text + block + text + stop))).toBe("Hello");
  });

  test("that a model refuses with are shown", async () => {
    expect(textOf(await openai(delta({ refusal: "I cannot do that." }), delta({}, "stop")))).toBe(
      "I cannot do that.",
    );
  });

  test.each([
    ["<think>", "</think>"],
    ["\n<think>\n", "\n</think>\n"],
    ["<Thinking>", "</Thinking>"],
  ])(
    "of models that think between %j and %j are told from the thoughts, however they are cut",
    async (open, close) => {
      const whole = `${open}The user wants X < Y${close}\n\nThe answer is <b>42</b>.`;
      for (const size of [1, 3, 1000]) {
        const pieces = whole.match(new RegExp(`[\\s\\S]{1,${size}}`, "g")) ?? [];
        const deltas = await openai(...pieces.map((content) => delta({ content })), delta({}, "stop"), done);
        expect(thoughtsIn(deltas).trim()).toBe("The user wants X < Y");
        expect(textOf(deltas)).toBe("The answer is <b>42</b>.");
      }
    },
  );

  test("that speak of such tags, or begin like one, stay as they are", async () => {
    for (const text of ["The tag <think> opens thoughts.", "<thin", "<b>bold</b>", " x", "<"]) {
      const pieces = [...text].map((content) => delta({ content }));
      expect(textOf(await openai(...pieces, delta({}, "stop")))).toBe(text);
    }
  });
});

describe("answers in one piece, though a stream was asked for", () => {
  const json = (id: string, body: object) =>
    said(id, JSON.stringify(body), "application/json; charset=utf-8");

  test("OpenAI's kind", async () => {
    const message = {
      content: "plain",
      tool_calls: [{ id: "a", function: { name: "weather", arguments: "{}" } }],
    };
    const usage = { prompt_tokens: 3, completion_tokens: 4 };
    const deltas = await json("openai/m", { choices: [{ message, finish_reason: "tool_calls" }], usage });
    expect([textOf(deltas), callsIn(deltas)]).toEqual(["plain", [["weather", "{}"]]]);
    expect(reasonIn(deltas)).toMatchObject({ reason: "tool_calls", usage: { total_tokens: 7 } });
  });

  test("Anthropic's and Google's", async () => {
    const content = [
      { type: "text", text: "plain" },
      { type: "tool_use", id: "a", name: "weather", input: { n: 1 } },
    ];
    const message = await json("anthropic/m", { type: "message", content, stop_reason: "tool_use" });
    expect([textOf(message), callsIn(message)]).toEqual(["plain", [["weather", '{"n":1}']]]);
    const candidate = { content: { parts: [{ text: "plain" }] }, finishReason: "STOP" };
    expect(textOf(await json("google/m", { candidates: [candidate] }))).toBe("plain");
    expect(textOf(await json("google/m", [{ candidates: [candidate] }]))).toBe("plain");
  });

  test("errors in them are errors", async () => {
    for (const id of ["openai/m", "anthropic/m", "google/m"]) {
      await expect(json(id, { error: { message: "no", code: 503 } })).rejects.toMatchObject({
        code: "LLM_ERROR",
      });
    }
    await expect(json("openai/m", { object: "error", message: "no such model" })).rejects.toMatchObject({
      code: "LLM_ERROR",
    });
  });
});

test("an error frame without the word error in it is an error", async () => {
  const failure = openai({ object: "error", message: "out of memory", type: "server_error", code: 500 });
  await expect(failure).rejects.toMatchObject({ code: "LLM_ERROR", transient: true });
});

test("a page in the place of an API is named as what it is", async () => {
  const failure = said("openai/m", "<!DOCTYPE html><title>Welcome</title>", "text/html");
  await expect(failure).rejects.toThrow(
    /^openai at http:\/\/127\.0\.0\.1:\d+ answered openai\/m with an HTML page \(200\).*check base_url$/,
  );
});

test.each([
  ["/v1/chat/completions", "/v1/chat/completions"],
  ["/v1/chat/completions/", "/v1/chat/completions"],
  ["/v1/", "/v1/chat/completions"],
  ["/openai/v1?api-version=2026-01-01", "/openai/v1/chat/completions?api-version=2026-01-01"],
])("a base_url that ends in %s asks %s", async (root, expected) => {
  const { server, modelOf, configOf } = await openModelBench();
  const settings = { ...configOf("openai/m").settings, baseUrl: `${server.url}${root}` };
  const answer = { choices: [{ message: { content: "ok" } }] };
  server.reply({ status: 200, body: JSON.stringify(answer) });
  expect(textOf(await ask(modelOf("openai/m", { settings })))).toBe("ok");
  expect((await server.request(0)).path).toBe(expected);
});

test("Anthropic's blocks may be open side by side, and give their input whole", async () => {
  const tool = (index: number, input: object = {}) => ({
    type: "content_block_start",
    index,
    content_block: { type: "tool_use", id: `toolu_${index}`, name: "weather", input },
  });
  const json = (index: number, partial_json: string) => ({
    type: "content_block_delta",
    index,
    delta: { type: "input_json_delta", partial_json },
  });
  const stop = (index: number) => ({ type: "content_block_stop", index });
  const deltas = await anthropic(
    tool(0),
    tool(1),
    json(0, '{"n":'),
    json(1, '{"n":2}'),
    json(0, "1}"),
    stop(1),
    stop(0),
    tool(2, { n: 3 }),
    stop(2),
    { type: "message_stop" },
  );
  expect(callsIn(deltas).map(([, args]) => args)).toEqual(['{"n":2}', '{"n":1}', '{"n":3}']);
});

describe("an answer that says nothing", () => {
  const empty = { candidates: [{ content: { parts: [] }, finishReason: "STOP" }] };
  const malformed = { candidates: [{ finishReason: "MALFORMED_FUNCTION_CALL" }] };
  const good = { candidates: [{ content: { parts: [{ text: "Hello" }] }, finishReason: "STOP" }] };
  const thought = { candidates: [{ content: { parts: [{ text: "Hm.", thought: true }] } }] };
  const streams = (...replies: object[][]) =>
    replies.map((events) => ({
      status: 200,
      body: events.map(frame).join(""),
      headers: { "content-type": "text/event-stream" },
    }));

  test.each([[[empty]], [[malformed]], [[thought, empty]]])("is asked for once more: %j", async (nothing) => {
    const { server, modelOf, pauses } = await openModelBench();
    server.reply(...streams(nothing, [good]));
    expect(textOf(await ask(modelOf("google/m")))).toBe("Hello");
    expect(pauses.every((pause) => pause === 0)).toBe(true);
  });

  test("is an error that says so where it says nothing again", async () => {
    const { server, modelOf } = await openModelBench();
    server.reply(...streams([malformed], [malformed]));
    await expect(ask(modelOf("google/m"))).rejects.toThrow(
      "google ended the answer of google/m without a text or a tool call (MALFORMED_FUNCTION_CALL): send the message again",
    );
    expect(server.requests).toHaveLength(2);
    await expect(openai(delta({}, "stop"), done)).rejects.toThrow("without a text or a tool call");
    await expect(anthropic({ type: "message_stop" })).rejects.toThrow("without a text or a tool call");
  });
});

describe("thoughts go back with the results of the calls that they led to", () => {
  const roundTrip = async (id: string, sent: string) => {
    const { server, modelOf } = await openModelBench();
    server.reply({ status: 200, body: sent, headers: { "content-type": "text/event-stream" } });
    const deltas = await ask(modelOf(id));
    const thoughts = deltas.find((each) => each.type === "thoughts");
    if (!thoughts) throw new Error("no thoughts");
    const again = async (other: string) => {
      const toolCalls = [{ id: "call_1", name: "weather", arguments: "{}" }];
      const results = { role: "tool", toolCallId: "call_1", name: "weather", content: "Rain" } as const;
      await ask(modelOf(other), {
        messages: [...hello.messages, { role: "assistant", content: "", toolCalls, thoughts }, results],
      });
      return JSON.stringify(server.requests.at(-1)?.body);
    };
    return { own: await again(id), foreign: await again(id.replace(/m$/, "other")) };
  };

  test.each(["reasoning_content", "reasoning"])("in OpenAI's %s", async (field) => {
    const events = [
      delta({ [field]: "Think " }),
      delta({ [field]: "first." }),
      calls({ index: 0, id: "a", ...weather({ arguments: "{}" }) }),
      called,
      done,
    ];
    const { own, foreign } = await roundTrip("deepseek/m", events.map(frame).join(""));
    expect(own).toContain(`"${field}":"Think first."`);
    expect(foreign).not.toContain("Think first.");
  });

  test("as Anthropic's blocks, signed and redacted ones", async () => {
    const events = [
      {
        type: "content_block_start",
        index: 0,
        content_block: { type: "thinking", thinking: "", signature: "" },
      },
      { type: "content_block_delta", index: 0, delta: { type: "thinking_delta", thinking: "Think." } },
      { type: "content_block_delta", index: 0, delta: { type: "signature_delta", signature: "SIG==" } },
      { type: "content_block_stop", index: 0 },
      { type: "content_block_start", index: 1, content_block: { type: "redacted_thinking", data: "ENC" } },
      { type: "content_block_stop", index: 1 },
      {
        type: "content_block_start",
        index: 2,
        content_block: { type: "tool_use", id: "call_1", name: "weather", input: {} },
      },
      { type: "content_block_stop", index: 2 },
      { type: "message_delta", delta: { stop_reason: "tool_use" } },
      { type: "message_stop" },
    ];
    const { own, foreign } = await roundTrip("anthropic/m", events.map(frame).join(""));
    expect(own).toContain('{"type":"thinking","thinking":"Think.","signature":"SIG=="}');
    expect(own).toContain('{"type":"redacted_thinking","data":"ENC"}');
    expect(own.indexOf("thinking")).toBeLessThan(own.indexOf("tool_use"));
    expect(foreign).not.toContain("SIG==");
  });
});
