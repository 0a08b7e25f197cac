import type { ModelConfig } from "@muxi/formation";
import { describe, expect, test } from "vitest";
import { ask, fullRequest, hello, textOf } from "../../../test/model-harness.ts";
import { createAiSdkModel } from "./ai-sdk.ts";

const config: ModelConfig = {
  id: "cohere/command-r",
  provider: "cohere",
  name: "command-r",
  apiKey: "sk-secret-1",
  settings: { timeoutSeconds: 20, maxRetries: 0 },
};

const streamOf = (parts: unknown[]) =>
  new ReadableStream({
    start: (controller) => {
      for (const part of parts) controller.enqueue(part);
      controller.close();
    },
  });

interface StandIn {
  parts?: unknown[];
  doStream?: (options: unknown) => unknown;
}

/** A package as the real ones are, which notes how it is used. */
const standIn = ({ parts = [], doStream = () => ({ stream: streamOf(parts) }) }: StandIn) => {
  const used = {
    imported: [] as string[],
    settings: [] as unknown[],
    names: [] as unknown[],
    options: [] as unknown[],
  };
  const createCohere = (settings: unknown) => {
    used.settings.push(settings);
    return (name: string) => {
      used.names.push(name);
      return {
        doStream: async (options: unknown) => {
          used.options.push(options);
          return doStream(options);
        },
      };
    };
  };
  const importPackage = async (name: string) => {
    used.imported.push(name);
    return { VERSION: "1", createCohere, createOther: () => undefined };
  };
  return { used, importPackage };
};

const text = { type: "text-delta", id: "1", delta: "Hello" };
const finish = {
  type: "finish",
  finishReason: { unified: "tool-calls" },
  usage: { inputTokens: { total: 3 }, outputTokens: { total: 4 } },
};

test("loads the package once, on the first call, and maps what it streams", async () => {
  const parts = [
    { type: "stream-start", warnings: [] },
    { type: "reasoning-delta", id: "0", delta: "Hm" },
    { type: "text-delta", id: "1", delta: "Hel" },
    { type: "text-delta", id: "1", delta: "lo" },
    { type: "tool-input-delta", id: "t", delta: "{}" },
    { type: "tool-call", toolCallId: "t", toolName: "weather", input: "{}" },
    finish,
  ];
  const { used, importPackage } = standIn({ parts });
  const model = createAiSdkModel(config, importPackage);
  expect(used.imported).toEqual([]);
  expect(await ask(model)).toEqual([
    { type: "reasoning", text: "Hm" },
    { type: "text", text: "Hel" },
    { type: "text", text: "lo" },
    { type: "tool_call", id: "t", name: "weather", arguments: "{}" },
    { type: "thoughts", model: "cohere/command-r", data: { parts: [{ text: "Hm", providerOptions: {} }] } },
    {
      type: "finish",
      reason: "tool_calls",
      usage: { input_tokens: 3, output_tokens: 4, total_tokens: 7 },
      model: "cohere/command-r",
    },
  ]);
  await ask(model);
  expect(used).toMatchObject({
    imported: ["@ai-sdk/cohere"],
    settings: [{ apiKey: "sk-secret-1" }],
    names: ["command-r"],
  });
});

test("understands the usage and the reason of older packages too", async () => {
  const parts = [
    text,
    { type: "finish", finishReason: "length", usage: { inputTokens: 3, outputTokens: 4 } },
  ];
  expect(await ask(createAiSdkModel(config, standIn({ parts }).importPackage))).toMatchObject([
    { type: "text" },
    { type: "finish", reason: "length", usage: { total_tokens: 7 } },
  ]);
});

test.each([
  [
    "apart from the total",
    { usage: { inputTokens: { total: 100, cacheRead: 60, cacheWrite: 30 }, outputTokens: { total: 4 } } },
    { input_tokens: 100, output_tokens: 4, total_tokens: 104, cached_tokens: 60, cache_write_tokens: 30 },
  ],
  [
    "as one number",
    { usage: { inputTokens: 100, outputTokens: 4, cachedInputTokens: 60 } },
    { input_tokens: 100, output_tokens: 4, total_tokens: 104, cached_tokens: 60 },
  ],
  [
    "in details",
    {
      usage: {
        inputTokens: 100,
        outputTokens: 4,
        inputTokenDetails: { cacheReadTokens: 60, cacheWriteTokens: 30 },
      },
    },
    { input_tokens: 100, output_tokens: 4, total_tokens: 104, cached_tokens: 60, cache_write_tokens: 30 },
  ],
  [
    "beside the input, as older packages of Anthropic's do",
    {
      usage: { inputTokens: 10, outputTokens: 4, cachedInputTokens: 60 },
      providerMetadata: { anthropic: { cacheCreationInputTokens: 30 } },
    },
    { input_tokens: 100, output_tokens: 4, total_tokens: 104, cached_tokens: 60, cache_write_tokens: 30 },
  ],
])("counts what came from a cache: %s", async (_, said, usage) => {
  const parts = [text, { ...finish, ...said }];
  const deltas = await ask(createAiSdkModel(config, standIn({ parts }).importPackage));
  expect(deltas.at(-1)).toMatchObject({ type: "finish" });
  expect(deltas.at(-1)).toHaveProperty("usage", usage);
});

test("an answer without a text and without a call is an error; thoughts are told from the text", async () => {
  const empty = createAiSdkModel(config, standIn({ parts: [finish] }).importPackage);
  await expect(ask(empty)).rejects.toThrow("without a text or a tool call");
  const parts = ["<thi", "nk>Hm.</think>", " Hello"].map((delta) => ({ ...text, delta }));
  const deltas = await ask(createAiSdkModel(config, standIn({ parts: [...parts, finish] }).importPackage));
  expect(deltas.slice(0, -1)).toEqual([
    { type: "reasoning", text: "Hm." },
    { type: "text", text: "Hello" },
  ]);
});

test("thoughts go back with the results of the calls that they led to, signed as they came", async () => {
  const signed = { anthropic: { signature: "SIG==" } };
  const { used, importPackage } = standIn({
    parts: [
      { type: "reasoning-start", id: "0" },
      { type: "reasoning-delta", id: "0", delta: "Hm." },
      { type: "reasoning-end", id: "0", providerMetadata: signed },
      { type: "tool-call", toolCallId: "t", toolName: "weather", input: { n: 1 } },
      finish,
    ],
  });
  const model = createAiSdkModel(config, importPackage);
  const deltas = await ask(model);
  const thoughts = deltas.find((delta) => delta.type === "thoughts");
  if (!thoughts) throw new Error("no thoughts");
  const toolCalls = [{ id: "t", name: "weather", arguments: '{"n":1}' }];
  const results = { role: "tool", toolCallId: "t", name: "weather", content: "Rain" } as const;
  await ask(model, {
    messages: [...hello.messages, { role: "assistant", content: "", toolCalls, thoughts }, results],
  });
  expect(used.options.at(-1)).toMatchObject({
    prompt: [
      { role: "user" },
      {
        role: "assistant",
        content: [
          { type: "reasoning", text: "Hm.", providerOptions: signed },
          { type: "tool-call", input: { n: 1 } },
        ],
      },
      { role: "tool" },
    ],
  });
});

test("hands the whole conversation over", async () => {
  const { used, importPackage } = standIn({ parts: [text, finish] });
  await ask(createAiSdkModel(config, importPackage), fullRequest);
  expect(used.options).toMatchObject([
    {
      prompt: [
        { role: "system", content: "You know orchards." },
        { role: "user", content: [{ type: "text", text: "How is the weather in Kent?" }] },
        {
          role: "assistant",
          content: [
            { type: "tool-call", toolCallId: "call_1", toolName: "weather", input: { place: "Kent" } },
            { type: "tool-call", toolCallId: "call_2", toolName: "moon", input: {} },
          ],
        },
        {
          role: "tool",
          content: [
            {
              type: "tool-result",
              toolCallId: "call_1",
              toolName: "weather",
              output: { type: "text", value: "Rain" },
            },
          ],
        },
        { role: "tool", content: [{ type: "tool-result", toolCallId: "call_2" }] },
        { role: "user", content: [{ type: "text", text: "And tomorrow?" }] },
      ],
      tools: [{ type: "function", name: "weather", inputSchema: fullRequest.tools?.[0]?.parameters }],
      toolChoice: { type: "auto" },
      temperature: 1.5,
      maxOutputTokens: 100,
    },
  ]);
});

test("a missing package is named with the command that installs it", async () => {
  await expect(ask(createAiSdkModel(config))).rejects.toMatchObject({
    code: "LLM_NOT_CONFIGURED",
    message: expect.stringContaining("npm install @ai-sdk/cohere"),
  });
});

test("bedrock and vertex are found under the names of their packages", async () => {
  const imported: string[] = [];
  const importPackage = async (name: string) => {
    imported.push(name);
    return {};
  };
  for (const provider of ["bedrock", "vertex"]) {
    const model = createAiSdkModel({ ...config, provider }, importPackage);
    await expect(ask(model)).rejects.toThrow("no known way to create a model");
  }
  expect(imported).toEqual(["@ai-sdk/amazon-bedrock", "@ai-sdk/google-vertex"]);
});

test("a provider that is no package name is never imported", async () => {
  const { used, importPackage } = standIn({});
  const model = createAiSdkModel({ ...config, provider: "../../evil" }, importPackage);
  await expect(ask(model)).rejects.toMatchObject({ code: "LLM_NOT_CONFIGURED" });
  expect(used.imported).toEqual([]);
});

describe("failures", () => {
  const failing = (error: unknown) =>
    createAiSdkModel(config, standIn({ doStream: () => Promise.reject(error) }).importPackage);

  test("of the provider's API keep its status", async () => {
    const error = Object.assign(new Error("sk-secret-1 is limited"), {
      statusCode: 429,
      responseHeaders: { "retry-after": "7" },
      responseBody: "{}",
    });
    await expect(ask(failing(error))).rejects.toMatchObject({
      code: "LLM_RATE_LIMITED",
      retryAfter: 7,
      transient: true,
    });
  });

  test("inside the stream are failures of the model", async () => {
    const parts = [
      { type: "text-delta", delta: "a" },
      { type: "error", error: new Error("boom") },
    ];
    await expect(ask(createAiSdkModel(config, standIn({ parts }).importPackage))).rejects.toMatchObject({
      code: "LLM_ERROR",
      transient: true,
    });
  });

  test.each([
    ["overloaded_error", "LLM_ERROR"],
    ["authentication_error", "LLM_NOT_CONFIGURED"],
  ])("that a package passes on as the provider sent them are read: %s", async (type, code) => {
    const sent = { type: "error", error: { type, message: "no" } };
    const { importPackage } = standIn({ parts: [{ type: "error", error: sent }] });
    await expect(ask(createAiSdkModel(config, importPackage))).rejects.toMatchObject({ code });
  });

  test("of the settings are told from those of the network", async () => {
    const error = Object.assign(new Error("Azure OpenAI resource name is missing"), {
      name: "AI_LoadSettingError",
    });
    await expect(ask(failing(error))).rejects.toMatchObject({
      code: "LLM_NOT_CONFIGURED",
      message: "The package of cohere does not take the settings of cohere/command-r",
    });
  });

  test("a key that the package misses is asked for", async () => {
    const error = Object.assign(new Error("API key is missing"), { name: "AI_LoadAPIKeyError" });
    const { apiKey: _, ...keyless } = config;
    const model = createAiSdkModel(keyless, standIn({ doStream: () => Promise.reject(error) }).importPackage);
    await expect(ask(model)).rejects.toThrow("needs an API key for cohere/command-r");
  });

  test("a stream without its end is broken off", async () => {
    const parts = [{ type: "text-delta", delta: "a" }];
    await expect(ask(createAiSdkModel(config, standIn({ parts }).importPackage))).rejects.toThrow(
      "broke off",
    );
  });

  test("a package that hangs runs into the timeout, or into the abort", async () => {
    const hangs = standIn({ doStream: () => new Promise(() => {}) });
    const hasty = { ...config, settings: { timeoutSeconds: 0.05, maxRetries: 0 } };
    await expect(ask(createAiSdkModel(hasty, hangs.importPackage))).rejects.toMatchObject({
      code: "LLM_TIMEOUT",
    });
    const controller = new AbortController();
    const answer = ask(createAiSdkModel(config, hangs.importPackage), hello, controller.signal);
    setImmediate(() => controller.abort(new Error("the user left")));
    await expect(answer).rejects.toThrow("the user left");
  });
});

test("leaving the answer early stops the package", async () => {
  let cancelled = false;
  const stream = new ReadableStream({
    pull: (controller) => controller.enqueue({ type: "text-delta", delta: "a" }),
    cancel: () => {
      cancelled = true;
    },
  });
  const model = createAiSdkModel(config, standIn({ doStream: () => ({ stream }) }).importPackage);
  for await (const deltas of model.stream(hello, new AbortController().signal)) {
    expect(textOf(deltas)).toBe("a");
    break;
  }
  expect(cancelled).toBe(true);
});

test("hands pictures and the schema of an answer over", async () => {
  const { used, importPackage } = standIn({ parts: [text, finish] });
  const schema = { type: "object" };
  await ask(createAiSdkModel(config, importPackage), {
    messages: [{ role: "user", content: [{ type: "image", mediaType: "image/png", data: "aGk=" }] }],
    settings: { jsonSchema: schema },
  });
  expect(used.options).toMatchObject([
    {
      prompt: [{ role: "user", content: [{ type: "file", mediaType: "image/png", data: "aGk=" }] }],
      responseFormat: { type: "json", schema },
    },
  ]);
});

test("images of a tool's result follow it as files: packages write what is no text in a result as JSON", async () => {
  const { used, importPackage } = standIn({ parts: [text, finish] });
  await ask(createAiSdkModel(config, importPackage), {
    messages: [
      { role: "user", content: "Look" },
      { role: "assistant", content: "", toolCalls: [{ id: "c1", name: "photo", arguments: "{}" }] },
      {
        role: "tool",
        toolCallId: "c1",
        name: "photo",
        content: "A tree:",
        images: [{ type: "image", mediaType: "image/png", data: "aGk=" }],
      },
    ],
  });
  const output = { type: "text", value: "A tree:" };
  const images = [
    { type: "text", text: "[Images of the result of photo]" },
    { type: "file", mediaType: "image/png", data: "aGk=" },
  ];
  expect(used.options).toMatchObject([
    {
      prompt: [
        { role: "user" },
        { role: "assistant" },
        { role: "tool", content: [{ type: "tool-result", toolCallId: "c1", toolName: "photo", output }] },
        { role: "user", content: images },
      ],
    },
  ]);
});
