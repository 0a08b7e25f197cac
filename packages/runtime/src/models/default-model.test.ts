import { expect, test } from "vitest";
import { defaultModelConfig } from "./default-model.ts";

test.each([
  [{}, "builtin/extractive", undefined],
  [{ OPENAI_API_KEY: "" }, "builtin/extractive", undefined],
  [{ OPENAI_API_KEY: "o" }, "openai/gpt-4o-mini", "o"],
  [{ ANTHROPIC_API_KEY: "a", GROQ_API_KEY: "g" }, "anthropic/claude-haiku-4-5", "a"],
  [{ GEMINI_API_KEY: "g" }, "google/gemini-2.5-flash", "g"],
  [{ GOOGLE_API_KEY: "g" }, "google/gemini-2.5-flash", "g"],
  [{ GOOGLE_GENERATIVE_AI_API_KEY: "g" }, "google/gemini-2.5-flash", "g"],
  [{ GROQ_API_KEY: "g" }, "groq/llama-3.3-70b-versatile", "g"],
  [{ MISTRAL_API_KEY: "m" }, "mistral/mistral-small-latest", "m"],
  [{ OPENROUTER_API_KEY: "r" }, "openrouter/openai/gpt-4o-mini", "r"],
  [{ OPENAI_API_KEY: "o", MUXI_MODEL: "groq/llama" }, "groq/llama", undefined],
  [{ DEEPSEEK_API_KEY: "d", MUXI_MODEL: "deepseek/deepseek-chat" }, "deepseek/deepseek-chat", "d"],
  [{ OPENAI_API_KEY: "o", MUXI_MODEL: "builtin/extractive" }, "builtin/extractive", undefined],
])("%o gives %s", (env, id, apiKey) => {
  const config = defaultModelConfig(env);
  expect(config.id).toBe(id);
  expect(`${config.provider}/${config.name}`).toBe(id);
  expect(config.apiKey).toBe(apiKey);
});

test("OPENAI_BASE_URL alone means a server of one's own, without a key", () => {
  const env = { OPENAI_BASE_URL: "http://127.0.0.1:8080/v1" };
  const config = defaultModelConfig(env);
  expect(config).toMatchObject({ id: "openai/default", settings: { baseUrl: "http://127.0.0.1:8080/v1" } });
  expect(config.apiKey).toBeUndefined();
  expect(defaultModelConfig({ ...env, OPENAI_MODEL: "qwen" }).id).toBe("openai/qwen");
  expect(defaultModelConfig({ ...env, OPENAI_MODEL: "qwen", OPENAI_API_KEY: "o" })).toMatchObject({
    id: "openai/qwen",
    apiKey: "o",
  });
});

test("a provider may be written in capitals, and keeps its key and its address", () => {
  const env = {
    MUXI_MODEL: "OpenAI/gpt-4o",
    OPENAI_API_KEY: "o",
    OPENAI_BASE_URL: "http://127.0.0.1:8080/v1",
  };
  expect(defaultModelConfig(env)).toMatchObject({
    provider: "openai",
    name: "gpt-4o",
    apiKey: "o",
    settings: { baseUrl: "http://127.0.0.1:8080/v1" },
  });
});

test("a MUXI_MODEL without a provider is named", () => {
  expect(() => defaultModelConfig({ MUXI_MODEL: "gpt-4o" })).toThrow(
    'MUXI_MODEL is "gpt-4o", which names no provider: write provider/name, such as openai/gpt-4o-mini',
  );
});
