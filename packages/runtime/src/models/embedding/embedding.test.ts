import type { ModelConfig } from "@muxi/formation";
import { createHttpClient } from "@muxi/http";
import { expect, onTestFinished, test } from "vitest";
import { startReceiver } from "../../../test/receiver.ts";
import { createAiSdkEmbedding } from "./ai-sdk-embedding.ts";
import { createEmbeddingModel } from "./create-embedding.ts";

/** The API of a provider of embeddings, which answers each request the same. */
const startApi = async (answer: object, { status = 200, headers = {} } = {}) => {
  const { url, received } = await startReceiver(() => ({ status, headers, body: JSON.stringify(answer) }));
  const http = createHttpClient();
  onTestFinished(() => http.close());
  return {
    received,
    modelOf: (id: string) => {
      const [provider = "", name = ""] = id.split("/");
      const settings = { timeoutSeconds: 20, maxRetries: 0, baseUrl: url.replace("/hook", "/api") };
      const config: ModelConfig = { ...{ id, provider, name, settings }, apiKey: "sk-1" };
      return createEmbeddingModel(config, { http, importPackage: async () => ({}), local });
    },
  };
};

const local = { dir: import.meta.dirname, folder: import.meta.dirname };
const { signal } = new AbortController();
const list = {
  data: [
    { index: 1, embedding: [0, 1] },
    { index: 0, embedding: [1, 0] },
  ],
};

test.each([
  ["openai", list, "/api/embeddings", { input: ["a", "b"], encoding_format: "float" }, {}],
  ["mistral", list, "/api/embeddings", { input: ["a", "b"], encoding_format: "float" }, {}],
  ["google", list, "/api/embeddings", { input: ["a", "b"], encoding_format: "float" }, {}],
  ["ollama", list, "/api/embeddings", { input: ["a", "b"], encoding_format: "float" }, {}],
  ["voyage", list, "/api/embeddings", { input: ["a", "b"], input_type: "document" }, { input_type: "query" }],
  [
    "cohere",
    {
      embeddings: {
        float: [
          [1, 0],
          [0, 1],
        ],
      },
    },
    "/api/embed",
    { texts: ["a", "b"], input_type: "search_document", embedding_types: ["float"] },
    { input_type: "search_query" },
  ],
])(
  "%s is asked as its API wants it, for passages and for questions",
  async (provider, answer, path, sent, asked) => {
    const { received, modelOf } = await startApi(answer);
    const model = modelOf(`${provider}/some-model`);
    expect(await model.embed(["a", "b"], "passage", signal)).toEqual([
      Float32Array.of(1, 0),
      Float32Array.of(0, 1),
    ]);
    await model.embed(["a", "b"], "question", signal);
    const body = { model: "some-model", ...sent };
    expect(received.map((request) => JSON.parse(request.body))).toEqual([body, { ...body, ...asked }]);
    expect(received[0]).toMatchObject({ path, headers: { authorization: "Bearer sk-1" } });
  },
);

test("what limits the requests says for how long", async () => {
  const { modelOf } = await startApi({}, { status: 429, headers: { "retry-after": "7" } });
  await expect(modelOf("voyage/v").embed(["a"], "passage", signal)).rejects.toMatchObject({
    code: "LLM_RATE_LIMITED",
    retryAfter: 7,
  });
});

test.each([[{}], [{ data: [] }], [{ data: [{ embedding: ["1"] }] }]])(
  "an answer without one vector for each text names the model: %j",
  async (answer) => {
    const { modelOf } = await startApi(answer);
    await expect(modelOf("openai/chat").embed(["a"], "passage", signal)).rejects.toThrow("openai/chat");
  },
);

const packaged = (exports: object, provider = "orchard") => {
  const settings = { timeoutSeconds: 20, maxRetries: 0 };
  const config: ModelConfig = { id: `${provider}/plums`, provider, name: "plums", settings };
  const http = createHttpClient();
  onTestFinished(() => http.close());
  return createEmbeddingModel(config, { http, importPackage: async () => exports, local });
};

test.each(["embeddingModel", "textEmbeddingModel"])(
  "a package of the AI SDK gets as many texts as it takes, by %s",
  async (maker) => {
    const calls: unknown[] = [];
    const make = (name: string) => ({
      maxEmbeddingsPerCall: Promise.resolve(2),
      async doEmbed({ values }: { values: string[] }) {
        calls.push([name, values]);
        return { embeddings: values.map((value) => [value.length]) };
      },
    });
    const model = packaged({ createOrchard: () => Object.assign(() => ({}), { [maker]: make }) });
    expect(await model.embed(["a", "bb", "ccc"], "passage", signal)).toEqual(
      [1, 2, 3].map((length) => Float32Array.of(length)),
    );
    expect(calls).toEqual([
      ["plums", ["a", "bb"]],
      ["plums", ["ccc"]],
    ]);
  },
);

test("a package that could not be loaded is loaded again by the next call", async () => {
  let loads = 0;
  const doEmbed = async ({ values }: { values: string[] }) => ({ embeddings: values.map(() => [1]) });
  const settings = { timeoutSeconds: 20, maxRetries: 0 };
  const model = createAiSdkEmbedding(
    { id: "orchard/a", provider: "orchard", name: "a", settings },
    async () => {
      loads += 1;
      return loads === 1 ? {} : { createOrchard: () => ({ embeddingModel: () => ({ doEmbed }) }) };
    },
  );
  await expect(model.embed(["a"], "passage", signal)).rejects.toThrow("@ai-sdk/orchard");
  expect(await model.embed(["a"], "passage", signal)).toEqual([Float32Array.of(1)]);
});

test("a package that makes no embeddings, one that limits them, and a provider that has none are told apart", async () => {
  const none = packaged({ createOrchard: () => () => ({}) });
  await expect(none.embed(["a"], "passage", signal)).rejects.toThrow("@ai-sdk/orchard makes no embeddings");
  const limited = packaged({
    createOrchard: () => ({
      embeddingModel: () => ({
        doEmbed: async () => {
          throw Object.assign(new Error("no"), { statusCode: 429, responseHeaders: { "retry-after": "3" } });
        },
      }),
    }),
  });
  await expect(limited.embed(["a"], "passage", signal)).rejects.toMatchObject({
    code: "LLM_RATE_LIMITED",
    retryAfter: 3,
  });
  expect(() => packaged({}, "anthropic")).toThrow("anthropic/plums cannot make embeddings");
});
