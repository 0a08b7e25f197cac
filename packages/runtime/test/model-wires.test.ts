import type { HttpClient } from "@muxi/http";
import { describe, expect, test } from "vitest";
import { createModel, type ModelRequest } from "../src/models/index.ts";
import { ownApis } from "../src/models/providers/index.ts";
import { ask, fullRequest, hello, openModelBench, textOf } from "./model-harness.ts";

const ids = ["openai/gpt-4o-mini", "anthropic/claude-haiku-4-5", "google/gemini-2.5-flash"];

test("every API of a provider is spoken here", () => {
  const providers = ids.map((id) => id.split("/")[0]);
  expect(providers.sort()).toEqual(["openai", ...ownApis.keys()].sort());
});

const image = (data: string) => ({ type: "image" as const, mediaType: "image/png", data });

/** Two results with images, and the instruction to answer now. */
const seenRequest: ModelRequest = {
  messages: [
    { role: "user", content: "What grows there?" },
    {
      role: "assistant",
      content: "",
      toolCalls: [
        { id: "call_1", name: "photo", arguments: "{}" },
        { id: "call_2", name: "map", arguments: "{}" },
      ],
    },
    { role: "tool", toolCallId: "call_1", name: "photo", content: "A tree:", images: [image("dHJlZQ==")] },
    { role: "tool", toolCallId: "call_2", name: "map", content: "", images: [image("bWFw")] },
  ],
};
const toldRequest: ModelRequest = {
  messages: [...seenRequest.messages, { role: "user", content: "Answer now" }],
};

describe("images of tool results", () => {
  const sent = async (id: string, request: ModelRequest) => {
    const { server, modelOf } = await openModelBench();
    await ask(modelOf(id), request);
    // biome-ignore lint/suspicious/noExplicitAny: a test looks wherever it likes into a request
    return server.requests[0]?.body as any;
  };

  test("stand behind the results of their round for OpenAI, and before what comes after them", async () => {
    const url = (data: string) => ({
      type: "image_url",
      image_url: { url: `data:image/png;base64,${data}` },
    });
    const text = (content: string) => ({ type: "text", text: content });
    const results = [
      { role: "tool", tool_call_id: "call_1", content: "A tree:" },
      { role: "tool", tool_call_id: "call_2", content: "" },
    ];
    const images = [
      text("[Images of the result of photo]"),
      url("dHJlZQ=="),
      text("[Images of the result of map]"),
      url("bWFw"),
    ];
    const { messages } = await sent("openai/gpt-4o-mini", seenRequest);
    expect(messages.slice(2)).toEqual([...results, { role: "user", content: images }]);
    const told = await sent("openai/gpt-4o-mini", toldRequest);
    expect(told.messages.slice(2)).toEqual([
      ...results,
      { role: "user", content: [...images, text("Answer now")] },
    ]);
  });

  test("are part of the results for Anthropic", async () => {
    const block = (data: string) => ({
      type: "image",
      source: { type: "base64", media_type: "image/png", data },
    });
    const { messages } = await sent("anthropic/claude-haiku-4-5", toldRequest);
    expect(messages.at(-1)).toMatchObject({
      role: "user",
      content: [
        {
          type: "tool_result",
          tool_use_id: "call_1",
          content: [{ type: "text", text: "A tree:" }, block("dHJlZQ==")],
        },
        { type: "tool_result", tool_use_id: "call_2", content: [block("bWFw")] },
        { type: "text", text: "Answer now" },
      ],
    });
  });

  test("stand behind the results in the same message for Google", async () => {
    const data = (content: string) => ({ inlineData: { mimeType: "image/png", data: content } });
    const { contents } = await sent("google/gemini-2.5-flash", toldRequest);
    expect(contents.at(-1)).toEqual({
      role: "user",
      parts: [
        { functionResponse: { name: "photo", response: { output: "A tree:" } } },
        { functionResponse: { name: "map", response: { output: "" } } },
        { text: "[Images of the result of photo]" },
        data("dHJlZQ=="),
        { text: "[Images of the result of map]" },
        data("bWFw"),
        { text: "Answer now" },
      ],
    });
  });
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

  test("counts what came from the provider's cache", async () => {
    const { server, modelOf } = await openModelBench();
    server.reply({ usage: { input: 100, output: 5, cached: 60 } });
    expect((await ask(modelOf(id))).at(-1)).toHaveProperty("usage", {
      input_tokens: 100,
      output_tokens: 5,
      total_tokens: 105,
      cached_tokens: 60,
    });
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

test("Anthropic's counts leave out what it read from its cache and wrote into it", async () => {
  const { server, modelOf } = await openModelBench();
  server.reply({ usage: { input: 100, output: 5, cached: 60, cacheWrite: 30 } });
  expect((await ask(modelOf("anthropic/claude-haiku-4-5"))).at(-1)).toHaveProperty("usage", {
    input_tokens: 100,
    output_tokens: 5,
    total_tokens: 105,
    cached_tokens: 60,
    cache_write_tokens: 30,
  });
});

test.each([
  [
    "DeepSeek",
    {
      prompt_cache_hit_tokens: 60,
      prompt_cache_miss_tokens: 40,
      prompt_tokens_details: { cached_tokens: 60 },
    },
    { cached_tokens: 60 },
  ],
  ["Moonshot", { cached_tokens: 60 }, { cached_tokens: 60 }],
  [
    "OpenRouter",
    { prompt_tokens_details: { cached_tokens: 60, cache_write_tokens: 30 } },
    { cached_tokens: 60, cache_write_tokens: 30 },
  ],
  [
    "a gateway to Anthropic",
    { prompt_tokens_details: null, cache_read_input_tokens: 60, cache_creation_input_tokens: 30 },
    { cached_tokens: 60, cache_write_tokens: 30 },
  ],
  ["a server without a cache", { prompt_tokens_details: { cached_tokens: 0 } }, {}],
])("what came from a cache is found where %s counts it", async (_, counts, found) => {
  const { server, modelOf } = await openModelBench();
  const usage = { prompt_tokens: 100, completion_tokens: 5, total_tokens: 105, ...counts };
  const body = JSON.stringify({ choices: [{ message: { content: "Hello" } }], usage });
  server.reply({ status: 200, body });
  expect((await ask(modelOf("local/llama"))).at(-1)).toHaveProperty("usage", {
    input_tokens: 100,
    output_tokens: 5,
    total_tokens: 105,
    ...found,
  });
});

test("prompt_cache_key goes to those who take it, at their own address, and tells nothing of the session", async () => {
  const { configOf } = await openModelBench();
  const sent: Record<string, unknown> = {};
  const keyTo = async (id: string, conversation: string, baseUrl?: string) => {
    const { settings, ...config } = configOf(id);
    const { baseUrl: _, ...rest } = settings;
    const http: HttpClient = {
      send: ({ body }) => {
        Object.assign(sent, { prompt_cache_key: undefined }, JSON.parse(String(body)));
        throw new Error("nothing is sent from here");
      },
      close: () => {},
    };
    const model = createModel(
      { ...config, settings: { ...rest, ...(baseUrl && { baseUrl }) } },
      { http, log: { warn: () => {} } },
    );
    await expect(ask(model, { ...hello, conversation })).rejects.toThrow();
    return sent.prompt_cache_key;
  };
  const key = await keyTo("openai/gpt-4o-mini", "ann/s1");
  expect(key).toMatch(/^[0-9a-f]{32}$/);
  expect(await keyTo("openai/gpt-4o-mini", "ann/s1", "https://api.openai.com/v1/")).toBe(key);
  expect(await keyTo("openai/gpt-4o-mini", "ann/s2")).not.toBe(key);
  expect(await keyTo("mistral/mistral-small-latest", "ann/s1")).toBe(key);
  expect(await keyTo("fireworks/llama", "ann/s1")).toBe(key);
  for (const id of ["groq/x", "ollama/x", "together/x", "deepseek/x", "xai/x", "perplexity/x"])
    expect(await keyTo(id, "ann/s1"), id).toBeUndefined();
  expect(await keyTo("openai/gpt-4o-mini", "ann/s1", "http://127.0.0.1:11434/v1")).toBeUndefined();
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
    tools: [
      {
        name: "weather",
        description: "Tells the weather",
        input_schema: fullRequest.tools?.[0]?.parameters,
        cache_control: { type: "ephemeral" },
      },
    ],
    system: [{ type: "text", text: "You know orchards.", cache_control: { type: "ephemeral" } }],
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
          {
            type: "tool_result",
            tool_use_id: "call_2",
            content: "Full",
            cache_control: { type: "ephemeral" },
          },
          { type: "text", text: "And tomorrow?" },
        ],
      },
    ],
    temperature: 1,
    stream: true,
  });
});

test("no empty result gets a mark for Anthropic's cache", async () => {
  const { server, modelOf } = await openModelBench();
  const messages = fullRequest.messages.map((message) =>
    message.role === "tool" ? { ...message, content: "" } : message,
  );
  await ask(modelOf("anthropic/claude-haiku-4-5"), { messages });
  const [, sentMessages = ""] = (await server.request(0)).bytes.toString().split('"messages":');
  expect(sentMessages).toContain("tool_result");
  expect(sentMessages).not.toContain("cache_control");
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

test("Gemini 3 takes calls of other models, which it has not signed", async () => {
  const { server, modelOf } = await openModelBench();
  const messages: ModelRequest["messages"] = [
    { role: "user", content: "How is it?" },
    {
      role: "assistant",
      content: "",
      toolCalls: [
        { id: "call_1", name: "weather", arguments: "{}" },
        { id: "call_2", name: "moon", arguments: "{}" },
      ],
    },
    { role: "tool", toolCallId: "call_1", name: "weather", content: "Rain" },
    { role: "tool", toolCallId: "call_2", name: "moon", content: "Full" },
  ];
  const callsSent = async (name: string) => {
    await ask(modelOf(name), { messages });
    // biome-ignore lint/suspicious/noExplicitAny: a test looks wherever it likes into a request
    const body = server.requests.at(-1)?.body as any;
    return body.contents[1].parts;
  };
  const calls = [
    { functionCall: { name: "weather", args: {} } },
    { functionCall: { name: "moon", args: {} } },
  ];
  expect(await callsSent("google/gemini-3-pro-preview")).toEqual([
    { ...calls[0], thoughtSignature: "skip_thought_signature_validator" },
    calls[1],
  ]);
  expect(await callsSent("google/gemini-2.5-flash")).toEqual(calls);
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

describe("schemas of callers", () => {
  const pears = {
    type: "object",
    properties: { pears: { type: "integer", minimum: 1 }, note: { type: "string", maxLength: 9 } },
    required: ["pears"],
  };
  const tools = [{ name: "count", description: "Counts", parameters: { type: "object", properties: {} } }];
  const sent = async (id: string, jsonSchema: Record<string, unknown>, more: Partial<ModelRequest> = {}) => {
    const { server, modelOf } = await openModelBench();
    await ask(modelOf(id), { ...hello, ...more, settings: { jsonSchema } });
    // biome-ignore lint/suspicious/noExplicitAny: a test looks wherever it likes into a request
    return (await server.request(0)).body as any;
  };

  test.each<[string, Record<string, unknown>, object | undefined]>([
    ["objects that leave some properties out", pears, { name: "answer", strict: false, schema: pears }],
    [
      "an object of any names",
      { type: "object" },
      { name: "answer", strict: false, schema: { type: "object" } },
    ],
    ["a list", { type: "array", items: { type: "string" } }, undefined],
  ])("OpenAI gets %s", async (_, schema, json_schema) => {
    const { response_format } = await sent("openai/gpt-4o-mini", schema);
    expect(response_format).toEqual(json_schema && { type: "json_schema", json_schema });
  });

  test("a provider that knows no schemas gets no format for a list", async () => {
    const body = await sent("deepseek/deepseek-chat", { type: "array" });
    expect(body.messages[0].content).toBe('Answer in JSON of this schema: {"type":"array"}');
    expect(body).not.toHaveProperty("response_format");
  });

  test("Anthropic gets closed objects without bounds, and nothing of what it does not know", async () => {
    const schema = { ...pears, $defs: { names: { type: "array", minItems: 2, items: pears } } };
    const closed = {
      type: "object",
      properties: { pears: { type: "integer" }, note: { type: "string" } },
      required: ["pears"],
      additionalProperties: false,
    };
    expect((await sent("anthropic/claude-haiku-4-5", schema)).output_config).toEqual({
      format: {
        type: "json_schema",
        schema: { ...closed, $defs: { names: { type: "array", items: closed } } },
      },
    });
    for (const unknown of [{ type: "object", additionalProperties: { type: "string" } }, { oneOf: [pears] }])
      expect(await sent("anthropic/claude-haiku-4-5", unknown)).not.toHaveProperty("output_config");
  });

  test("Google gets them beside tools from Gemini 3 on", async () => {
    const config = { responseMimeType: "application/json", responseJsonSchema: pears };
    expect((await sent("google/gemini-3-pro", pears, { tools })).generationConfig).toEqual(config);
    expect((await sent("google/gemini-2.5-flash", pears)).generationConfig).toEqual(config);
    expect((await sent("google/gemini-2.5-flash", pears, { tools })).generationConfig).toEqual({});
  });
});
