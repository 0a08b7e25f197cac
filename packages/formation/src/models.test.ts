import { expect, test } from "vitest";
import { agent, load, manifest } from "../test/folder.ts";
import { modelFor, overlordModelFor, textModelFor } from "./models.ts";

const llm = (yaml: string) => load({ "formation.afs": manifest(`llm: ${yaml}`) });

test("a formation that names no text model has none", async () => {
  const formation = await llm("{ models: [{ embedding: openai/e }] }");
  expect(textModelFor(formation, undefined, {})).toBeUndefined();
  expect(textModelFor(formation, formation.agents[0], {})).toBeUndefined();
  expect(modelFor(formation, "embedding", undefined, {})).toMatchObject({ id: "openai/e" });
});

test("settings come from the entry, then from llm.settings, then from the defaults", async () => {
  const formation = await llm(
    "{ models: [{ text: ollama/org/model:7b, settings: { temperature: 0, base_url: http://localhost:1/v1 } }], settings: { max_tokens: 99, timeout_seconds: 5 } }",
  );
  expect(textModelFor(formation, undefined, {})).toEqual({
    id: "ollama/org/model:7b",
    provider: "ollama",
    name: "org/model:7b",
    settings: {
      temperature: 0,
      maxTokens: 99,
      timeoutSeconds: 5,
      maxRetries: 3,
      baseUrl: "http://localhost:1/v1",
    },
  });
});

test("of a capability named twice the last entry is used", async () => {
  const formation = await llm("{ models: [{ text: a/one }, { text: a/two }] }");
  expect(textModelFor(formation, undefined, {})?.id).toBe("a/two");
});

test.each([
  ["openai/x", { OPENAI_API_KEY: "k" }, "k"],
  ["anthropic/x", { ANTHROPIC_API_KEY: "k" }, "k"],
  ["groq/x", { GROQ_API_KEY: "k" }, "k"],
  ["mistral/x", { MISTRAL_API_KEY: "k" }, "k"],
  ["openrouter/x/y", { OPENROUTER_API_KEY: "k" }, "k"],
  ["google/x", { GOOGLE_GENERATIVE_AI_API_KEY: "k" }, "k"],
  ["google/x", { GOOGLE_GENERATIVE_AI_API_KEY: "3", GOOGLE_API_KEY: "2", GEMINI_API_KEY: "1" }, "1"],
  ["together-ai/x", { TOGETHER_AI_API_KEY: "k" }, "k"],
  ["openai/x", { OPENAI_API_KEY: "" }, undefined],
  ["openai/x", { GROQ_API_KEY: "k" }, undefined],
])("the key of %s in %j is %j", async (model, env, key) => {
  expect(textModelFor(await llm(`{ models: [{ text: ${model} }] }`), undefined, env)?.apiKey).toBe(key);
});

test("a key comes from the entry, then from llm.api_keys, then from the environment", async () => {
  const env = { OPENAI_API_KEY: "environment" };
  const keyOf = async (yaml: string) => textModelFor(await llm(yaml), undefined, env)?.apiKey;
  expect(await keyOf("{ models: [{ text: openai/x, api_key: entry }], api_keys: { openai: section } }")).toBe(
    "entry",
  );
  expect(await keyOf("{ models: [{ text: openai/x }], api_keys: { openai: section } }")).toBe("section");
  expect(await keyOf("{ models: [{ text: openai/x }], api_keys: { groq: other } }")).toBe("environment");
});

test.each([
  ["openai/x", "", "http://env/v1"],
  ["openai/x", "settings: { base_url: http://llm/v1 },", "http://llm/v1"],
  ["OpenAI/x", "", "http://env/v1"],
  ["groq/x", "", undefined],
])("OPENAI_BASE_URL is for openai alone, and the last to be asked: %s %s", async (model, settings, url) => {
  const formation = await llm(`{ ${settings} models: [{ text: ${model} }] }`);
  const env = { OPENAI_BASE_URL: "http://env/v1" };
  expect(textModelFor(formation, undefined, env)?.settings.baseUrl).toBe(url);
});

test("aliases stand for models wherever one is named", async () => {
  const formation = await load({
    "formation.afs": manifest(`agents: [a]
llm:
  aliases: { fast: groq/llama, safe: openai/small }
  models: [{ text: fast, settings: { fallback_model: safe } }]
overlord: { llm: { base: { model: safe } } }
`),
    "agents/a.afs": agent("a", "llm_models: [{ text: safe }]"),
  });
  expect(modelFor(formation, "text", undefined, {})).toMatchObject({
    id: "groq/llama",
    fallback: { id: "openai/small" },
  });
  expect(textModelFor(formation, formation.agents[0], {})?.id).toBe("openai/small");
  expect(overlordModelFor(formation, "base", {})?.id).toBe("openai/small");
});

test("an agent's model comes before the formation's, and the overlord's stages before its text model", async () => {
  const formation = await load({
    "formation.afs": manifest(`agents: [own, shared]
llm: { models: [{ text: a/formation }, { vision: a/eyes }] }
overlord: { llm: { base: { model: a/base, api_key: k }, synthesis: { model: a/voice, settings: { temperature: 1 } } } }
`),
    "agents/own.afs": agent("own", "llm_models: [{ text: a/own }]"),
    "agents/shared.afs": agent("shared"),
  });
  const [own, shared] = formation.agents;
  expect(textModelFor(formation, own, {})?.id).toBe("a/own");
  expect(textModelFor(formation, shared, {})?.id).toBe("a/formation");
  expect(modelFor(formation, "vision", own, {})?.id).toBe("a/eyes");
  expect(textModelFor(formation, undefined, {})).toMatchObject({
    id: "a/voice",
    settings: { temperature: 1 },
  });
  expect(overlordModelFor(formation, "base", {})).toMatchObject({ id: "a/base", apiKey: "k" });
});

test("without synthesis the base answers, and without both the text model", async () => {
  const base = await load({ "formation.afs": manifest("overlord: { llm: { base: { model: a/base } } }") });
  expect(textModelFor(base, undefined, {})?.id).toBe("a/base");
  expect(textModelFor(base, base.agents[0], {})?.id).toBe("a/base");
  const text = await llm("{ models: [{ text: a/text }] }");
  expect(overlordModelFor(text, "base", {})?.id).toBe("a/text");
});

test("a fallback of the same provider shares key and address, another provider's does not", async () => {
  const settings = "{ base_url: http://here/v1, temperature: 0.2, fallback_model:";
  const same = await llm(
    `{ models: [{ text: openai/big, api_key: k, settings: ${settings} openai/small } }] }`,
  );
  expect(textModelFor(same, undefined, {})?.fallback).toMatchObject({
    id: "openai/small",
    apiKey: "k",
    settings: { baseUrl: "http://here/v1", temperature: 0.2 },
  });
  const other = await llm(
    `{ models: [{ text: openai/big, api_key: k, settings: ${settings} groq/small } }] }`,
  );
  const fallback = textModelFor(other, undefined, { GROQ_API_KEY: "g" })?.fallback;
  expect(fallback).toMatchObject({ id: "groq/small", apiKey: "g", settings: { temperature: 0.2 } });
  expect(fallback?.settings).not.toHaveProperty("baseUrl");
});

test("a fallback for all models ends with itself", async () => {
  const formation = await llm(
    "{ models: [{ text: a/big }, { vision: a/small }], settings: { fallback_model: a/small } }",
  );
  expect(textModelFor(formation, undefined, {})?.fallback).not.toHaveProperty("fallback");
  expect(modelFor(formation, "vision", undefined, {})).not.toHaveProperty("fallback");
});
