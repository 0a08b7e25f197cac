import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { openFormation } from "@muxi/formation";
import { expect, test } from "vitest";
import { temporaryFolder } from "../../../../test/temporary-folder.ts";
import { problemsOfModels } from "./problems.ts";
import { packagesOf } from "./providers/index.ts";

/** A provider's package that reads its key as those of the AI SDK do, and answers whoever has not given up already. */
const orchard = `export const createOrchard = ({ apiKey = process.env.ORCHARD_TOKEN_OF_ITS_OWN } = {}) => () => ({
  async doStream({ abortSignal }) {
    if (!apiKey) throw Object.assign(new Error("Orchard API key is missing"), { name: "AI_LoadAPIKeyError" });
    abortSignal.throwIfAborted();
    throw new Error("something was sent");
  },
});`;

const problemsOf = async (yaml: string, env: Record<string, string> = {}, trigger = "Hello") => {
  const dir = temporaryFolder();
  const files = {
    "formation.afs": `schema: "1.0.0"\nid: orchard\ndescription: d\n${yaml}\n`,
    "triggers/hourly.md": trigger,
    "node_modules/@ai-sdk/orchard/package.json": JSON.stringify({
      ...{ name: "@ai-sdk/orchard", type: "module", exports: "./index.js" },
    }),
    "node_modules/@ai-sdk/orchard/index.js": orchard,
  };
  for (const [name, text] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(dir, name)), { recursive: true });
    await writeFile(path.join(dir, name), text);
  }
  return problemsOfModels(await openFormation(dir), env, packagesOf(dir));
};

test.each([
  ["a text model", "llm: { models: [{ text: openai/gpt-4o }] }", "openai/gpt-4o", "OPENAI_API_KEY"],
  ["a model that sees", "llm: { models: [{ vision: google/gemini }] }", "google/gemini", "GEMINI_API_KEY"],
  ["a model that hears", "llm: { models: [{ audio: groq/whisper }] }", "groq/whisper", "GROQ_API_KEY"],
  ["an embedding model", "llm: { models: [{ embedding: mistral/e }] }", "mistral/e", "MISTRAL_API_KEY"],
  [
    "what completes questions",
    "agents: [{ id: a, name: A, description: d, llm_models: [{ text: ollama/l }], knowledge: { follow_ups: { model: xai/grok } } }]",
    "xai/grok",
    "XAI_API_KEY",
  ],
  [
    "a reranker",
    "agents: [{ id: a, name: A, description: d, llm_models: [{ text: ollama/l }], knowledge: { rerank: { model: cohere/rerank } } }]",
    "cohere/rerank",
    "COHERE_API_KEY",
  ],
  [
    "the overlord's",
    "overlord: { llm: { model: anthropic/claude } }",
    "anthropic/claude",
    "ANTHROPIC_API_KEY",
  ],
  [
    "a fallback",
    "llm: { settings: { fallback_model: xai/grok }, models: [{ text: ollama/llama3 }] }",
    "xai/grok",
    "XAI_API_KEY",
  ],
])("%s without its key is named with the remedy", async (_, yaml, name, variable) => {
  const [problem, ...others] = await problemsOf(yaml);
  expect(others).toEqual([]);
  expect(problem).toMatchObject({ kind: "model", name });
  expect(problem?.message).toMatch(
    new RegExp(
      `is missing: set llm\\.api_keys\\..* \\(muxi secrets set\\) or ${variable} in the environment`,
    ),
  );
  expect(await problemsOf(yaml, { [variable]: "k" })).toEqual([]);
});

test("the model of a trigger is one of them", async () => {
  const trigger = "---\nmodel: deepseek/chat\n---\nHello";
  expect(await problemsOf("", {}, trigger)).toMatchObject([{ name: "deepseek/chat" }]);
});

test.each([
  ["the built-in model", "llm: { models: [{ text: builtin/extractive }] }"],
  ["no model at all", ""],
  ["a model of the machine itself", "llm: { models: [{ text: ollama/llama3 }] }"],
  ["a key in the manifest", "llm: { api_keys: { openai: k }, models: [{ text: openai/gpt-4o }] }"],
  [
    "a server of the formation's own",
    'llm: { models: [{ text: any/thing, settings: { base_url: "http://127.0.0.1:1/v1" } }] }',
  ],
])("%s lacks nothing", async (_, yaml) => {
  expect(await problemsOf(yaml)).toEqual([]);
});

test("a provider whose package is not installed is named with the package", async () => {
  expect(await problemsOf("llm: { models: [{ text: nowhere/small }] }")).toEqual([
    {
      ...{ kind: "model", name: "nowhere/small" },
      message: expect.stringContaining("run npm install @ai-sdk/nowhere"),
    },
  ]);
});

test("a provider's package says itself whether its key is there, and nothing is sent", async () => {
  const yaml = "llm: { models: [{ text: orchard/small }] }";
  expect(await problemsOf(yaml)).toEqual([
    {
      kind: "model",
      name: "orchard/small",
      message: expect.stringMatching(/^The key of orchard is missing: .*ORCHARD_API_KEY/),
    },
  ]);
  expect(await problemsOf(yaml, { ORCHARD_API_KEY: "k" })).toEqual([]);
});

test.each([
  ["cohere/embed-v4", "The key of cohere is missing"],
  ["voyage/voyage-3", "The key of voyage is missing"],
  ["orchard/plums", "@ai-sdk/orchard makes no embeddings"],
  ["nowhere/plums", "npm install @ai-sdk/nowhere"],
  ["local/nothing", "npm install @huggingface/transformers"],
])("an agent's embedding model that cannot be asked is named: %s", async (name, message) => {
  const agents = `agents: [{ id: a, name: A, description: d, llm_models: [{ embedding: ${name} }] }]`;
  expect(await problemsOf(`llm: { models: [{ text: ollama/llama3 }] }\n${agents}`)).toEqual([
    { kind: "model", name, message: expect.stringContaining(message) },
  ]);
});
