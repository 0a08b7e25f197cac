import { describe, expect, test } from "vitest";
import type { ModelRequest } from "../src/models/index.ts";
import { ownApis } from "../src/models/providers/index.ts";
import { ask, fullRequest, hello, openModelBench, textOf } from "./model-harness.ts";

const ids = ["openai/gpt-4o-mini", "anthropic/claude-haiku-4-5", "google/gemini-2.5-flash"];

test("every API of a provider is spoken here", () => {
  const providers = ids.map((id) => id.split("/")[0]);
  expect(providers.sort()).toEqual(["openai", ...ownApis.keys()].sort());
});

describe.each(ids)("%s", (id) => {
  test("gives the text, the thoughts, the usage and the end", async () => {
    const { server, modelOf } = await openModelBench();
    server.reply({
      reasoning: ["Let me ", "think."],
      text: ["Grüße", " aus", " Kent 🍎"],
      usage: { input: 12, output: 34 },
    });
    expect(await ask(modelOf(id))).toEqual([
      { type: "reasoning", text: "Let me " },
      { type: "reasoning", text: "think." },
      { type: "text", text: "Grüße" },
      { type: "text", text: " aus" },
      { type: "text", text: " Kent 🍎" },
      {
        type: "finish",
        reason: "stop",
        usage: { input_tokens: 12, output_tokens: 34, total_tokens: 46 },
        model: id,
      },
    ]);
  });

  test("puts together what arrives a byte at a time", async () => {
    const { server, modelOf } = await openModelBench();
    const text = ['Quote: "', "\\", " Grüße 🍎\n", "{}"];
    server.reply({ text, pieceBytes: 1 });
    expect(textOf(await ask(modelOf(id)))).toBe(text.join(""));
  });

  test("gives whole tool calls", async () => {
    const { server, modelOf } = await openModelBench();
    server.reply({
      text: [],
      toolCalls: [
        { id: "call_a", name: "weather", arguments: ['{"pla', 'ce":"Kent"}'] },
        { id: "call_b", name: "moon", arguments: ["{}"] },
      ],
    });
    const deltas = await ask(modelOf(id), fullRequest);
    const expectedId = (name: string) => (id.startsWith("google") ? expect.stringMatching(/^call_/) : name);
    expect(deltas).toMatchObject([
      { type: "tool_call", id: expectedId("call_a"), name: "weather", arguments: '{"place":"Kent"}' },
      { type: "tool_call", id: expectedId("call_b"), name: "moon", arguments: "{}" },
      { type: "finish", reason: "tool_calls" },
    ]);
    const [first, second] = deltas.filter((delta) => delta.type === "tool_call");
    expect(first?.id).not.toBe(second?.id);
  });

  test("uses its connections again", async () => {
    const { server, modelOf } = await openModelBench();
    const model = modelOf(id);
    for (let turn = 0; turn < 10; turn++) await ask(model);
    // An answer is over for its reader a moment before its connection is free, so that there may be a second one.
    expect(new Set(server.requests.map(({ clientPort }) => clientPort)).size).toBeLessThan(4);
  });

  test("sends no key when there is none", async () => {
    const { server, modelOf, configOf } = await openModelBench();
    const { apiKey: _, ...config } = configOf(id);
    await ask(modelOf(id, { ...config, apiKey: "" }));
    const { headers } = await server.request(0);
    expect(headers).not.toHaveProperty("authorization");
    expect(headers).not.toHaveProperty("x-api-key");
    expect(headers).not.toHaveProperty("x-goog-api-key");
  });
});

test("the finish reasons of each provider are told apart", async () => {
  const { server, modelOf } = await openModelBench();
  const expected: [string, string, string][] = [
    ["openai/x", "length", "length"],
    ["openai/x", "content_filter", "content_filter"],
    ["openai/x", "something new", "other"],
    ["openai/x", "constructor", "other"],
    ["anthropic/x", "max_tokens", "length"],
    ["anthropic/x", "refusal", "content_filter"],
    ["anthropic/x", "stop_sequence", "stop"],
    ["google/x", "MAX_TOKENS", "length"],
    ["google/x", "SAFETY", "content_filter"],
    ["google/x", "OTHER", "other"],
  ];
  for (const [id, finishReason, reason] of expected) {
    server.reply({ finishReason });
    expect((await ask(modelOf(id))).at(-1)).toMatchObject({ type: "finish", reason });
  }
});

test("OpenAI's wire", async () => {
  const { server, modelOf } = await openModelBench();
  await ask(modelOf("mistral/mistral-small-latest"), fullRequest);
  const { method, path, headers, bytes } = await server.request(0);
  expect(`${method} ${path}`).toBe("POST /v1/chat/completions");
  expect(headers).toMatchObject({
    authorization: "Bearer sk-secret-1",
    "content-type": "application/json",
    accept: "text/event-stream",
  });
  expect(JSON.parse(bytes.toString())).toEqual({
    model: "mistral-small-latest",
    messages: [
      { role: "system", content: "You know orchards." },
      { role: "user", content: "How is the weather in Kent?" },
      {
        role: "assistant",
        content: null,
        tool_calls: [
          { id: "call_1", type: "function", function: { name: "weather", arguments: '{"place":"Kent"}' } },
          { id: "call_2", type: "function", function: { name: "moon", arguments: "not json" } },
        ],
      },
      { role: "tool", tool_call_id: "call_1", content: "Rain" },
      { role: "tool", tool_call_id: "call_2", content: "Full" },
      { role: "user", content: "And tomorrow?" },
    ],
    tools: [{ type: "function", function: fullRequest.tools?.[0] }],
    temperature: 1.5,
    max_tokens: 100,
    stream: true,
  });
});

test("OpenAI's wire asks for the usage, with the settings of the formation", async () => {
  const { server, modelOf, configOf } = await openModelBench();
  const { settings } = configOf("groq/x");
  await ask(
    modelOf("groq/openai/gpt-oss-20b", { settings: { ...settings, temperature: 0.2, maxTokens: 7 } }),
  );
  expect((await server.request(0)).bytes.toString()).toBe(
    '{"model":"openai/gpt-oss-20b","messages":[{"role":"user","content":"Hello"}],' +
      '"temperature":0.2,"max_tokens":7,"stream":true,"stream_options":{"include_usage":true}}',
  );
});

test("an unknown provider with a base_url speaks OpenAI's wire", async () => {
  const { server, modelOf } = await openModelBench();
  expect(textOf(await ask(modelOf("local/llama")))).toBe("Hello from the model.");
  expect((await server.request(0)).path).toBe("/v1/chat/completions");
});

test("Anthropic's wire", async () => {
  const { server, modelOf } = await openModelBench();
  await ask(modelOf("anthropic/claude-haiku-4-5"), fullRequest);
  const { method, path, headers, bytes } = await server.request(0);
  expect(`${method} ${path}`).toBe("POST /v1/messages");
  expect(headers).toMatchObject({ "x-api-key": "sk-secret-1", "anthropic-version": "2023-06-01" });
  expect(JSON.parse(bytes.toString())).toEqual({
    model: "claude-haiku-4-5",
    max_tokens: 100,
    system: "You know orchards.",
    messages: [
      { role: "user", content: [{ type: "text", text: "How is the weather in Kent?" }] },
      {
        role: "assistant",
        content: [
          { type: "tool_use", id: "call_1", name: "weather", input: { place: "Kent" } },
          { type: "tool_use", id: "call_2", name: "moon", input: {} },
        ],
      },
      {
        role: "user",
        content: [
          { type: "tool_result", tool_use_id: "call_1", content: "Rain" },
          { type: "tool_result", tool_use_id: "call_2", content: "Full" },
          { type: "text", text: "And tomorrow?" },
        ],
      },
    ],
    tools: [
      { name: "weather", description: "Tells the weather", input_schema: fullRequest.tools?.[0]?.parameters },
    ],
    temperature: 1,
    stream: true,
  });
});

test("Anthropic's wire always has a limit of tokens", async () => {
  const { server, modelOf } = await openModelBench();
  await ask(modelOf("anthropic/claude-haiku-4-5"), hello);
  expect((await server.request(0)).bytes.toString()).toBe(
    '{"model":"claude-haiku-4-5","max_tokens":4096,' +
      '"messages":[{"role":"user","content":[{"type":"text","text":"Hello"}]}],"stream":true}',
  );
});

test("Google's wire", async () => {
  const { server, modelOf } = await openModelBench();
  server.reply({ text: [], toolCalls: [{ id: "", name: "weather", arguments: ["{}"] }] });
  const [call] = await ask(modelOf("google/gemini-2.5-flash"), fullRequest);
  const { method, path, headers, bytes } = await server.request(0);
  expect(`${method} ${path}`).toBe("POST /v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse");
  expect(headers).toMatchObject({ "x-goog-api-key": "sk-secret-1" });
  expect(JSON.parse(bytes.toString())).toEqual({
    systemInstruction: { parts: [{ text: "You know orchards." }] },
    contents: [
      { role: "user", parts: [{ text: "How is the weather in Kent?" }] },
      {
        role: "model",
        parts: [
          { functionCall: { name: "weather", args: { place: "Kent" } }, thoughtSignature: "c2ln" },
          { functionCall: { name: "moon", args: {} } },
        ],
      },
      {
        role: "user",
        parts: [
          { functionResponse: { name: "weather", response: { output: "Rain" } } },
          { functionResponse: { name: "moon", response: { output: "Full" } } },
          { text: "And tomorrow?" },
        ],
      },
    ],
    tools: [
      {
        functionDeclarations: [
          {
            name: "weather",
            description: "Tells the weather",
            parametersJsonSchema: fullRequest.tools?.[0]?.parameters,
          },
        ],
      },
    ],
    generationConfig: { temperature: 1.5, maxOutputTokens: 100 },
  });
  expect(call).toMatchObject({ type: "tool_call", signature: "c2lnbmVk" });
});

describe("pictures and answers in JSON", () => {
  const schema = {
    type: "object",
    properties: { fruit: { type: "string" } },
    required: ["fruit"],
    additionalProperties: false,
  };
  const request: ModelRequest = {
    messages: [
      {
        role: "user",
        content: [
          { type: "text", text: "What is this?" },
          { type: "image", mediaType: "image/png", data: "aGk=" },
        ],
      },
    ],
    settings: { jsonSchema: schema },
  };
  const bodyFor = async (id: string) => {
    const { server, modelOf } = await openModelBench();
    await ask(modelOf(id), request);
    return (await server.request(0)).body;
  };

  test("on OpenAI's wire", async () => {
    expect(await bodyFor("openai/gpt-4o-mini")).toMatchObject({
      messages: [
        {
          role: "user",
          content: [
            { type: "text", text: "What is this?" },
            { type: "image_url", image_url: { url: "data:image/png;base64,aGk=" } },
          ],
        },
      ],
      response_format: { type: "json_schema", json_schema: { name: "answer", strict: true, schema } },
    });
  });

  test("on that of a provider that knows no schemas", async () => {
    expect(await bodyFor("deepseek/deepseek-chat")).toMatchObject({
      messages: [
        { role: "system", content: `Answer in JSON of this schema: ${JSON.stringify(schema)}` },
        { role: "user" },
      ],
      response_format: { type: "json_object" },
    });
  });

  test("on Anthropic's", async () => {
    expect(await bodyFor("anthropic/claude-haiku-4-5")).toMatchObject({
      messages: [
        {
          role: "user",
          content: [
            { type: "text", text: "What is this?" },
            { type: "image", source: { type: "base64", media_type: "image/png", data: "aGk=" } },
          ],
        },
      ],
      output_config: { format: { type: "json_schema", schema } },
    });
  });

  test("on Google's", async () => {
    expect(await bodyFor("google/gemini-2.5-flash")).toMatchObject({
      contents: [
        {
          role: "user",
          parts: [{ text: "What is this?" }, { inlineData: { mimeType: "image/png", data: "aGk=" } }],
        },
      ],
      generationConfig: { responseMimeType: "application/json", responseJsonSchema: schema },
    });
  });
});
