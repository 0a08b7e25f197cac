import { createHttpClient } from "@muxi/http";
import { describe, expect, onTestFinished, test } from "vitest";
import { untilExpected } from "../../../test/until.ts";
import { createEmbeddingModel, packagesOf } from "../src/models/index.ts";
import { collect, manifest, startFormation, writeFormation } from "./harness.ts";
import { ask, openModelBench } from "./model-harness.ts";
import { startModelServer } from "./model-server.ts";

const ids = ["openai/some-model", "anthropic/some-model", "google/some-model"];

const nested = (depth: number) => `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;

const call = (name: string, args: string) => ({ id: "call_1", name, arguments: [args] });

describe.each(ids)("%s", (id) => {
  test.each([
    ["text", { text: Array(5).fill("x".repeat(1_000_000)) }, "4000000 characters"],
    ["reasoning", { text: [], reasoning: Array(5).fill("x".repeat(1_000_000)) }, "4000000 characters"],
    [
      "arguments",
      { text: [], toolCalls: Array(5).fill(call("f", `{"a":"${"x".repeat(1_000_000)}"}`)) },
      "4000000 characters",
    ],
    ["calls", { text: [], toolCalls: Array(129).fill(call("f", "{}")) }, "128 tool calls"],
    [
      "names",
      { text: [], toolCalls: [call("f".repeat(513), "{}")] },
      "512 characters as the name or id of a call",
    ],
  ])("an answer with too much of %s is an error that names the limit", async (_, reply, limit) => {
    const { server, modelOf } = await openModelBench();
    server.reply(reply);
    await expect(ask(modelOf(id))).rejects.toMatchObject({
      code: "LLM_ERROR",
      message: expect.stringMatching(new RegExp(`sent more than ${limit} in the answer of ${id}$`)),
    });
  });

  test("arguments that are nested 5,000 deep cost one call, and nobody else notices", async () => {
    const models = await startModelServer();
    onTestFinished(() => models.close());
    const [provider = ""] = id.split("/");
    const api = await startFormation(
      await writeFormation({
        "formation.afs": `${manifest}
llm:
  settings: { base_url: "${models.url}/${provider === "google" ? "v1beta" : "v1"}", max_retries: 0 }
  models: [{ text: ${id}, api_key: sk-test }]
overlord: { clarification: { enabled: true } }
`,
      }),
    );
    const ann = { user: "ann" };
    models.reply({ text: ["So "], toolCalls: [call("ask_user", nested(5_000))] });
    const frames = await collect(await api.stream({ message: "Go" }, ann));
    expect(frames.at(-1)?.event).toMatch(/^(?:done|error)$/);
    models.reply({ text: ["So "], toolCalls: [call("ask_user", nested(5_000))] });
    await api.call("POST", "/chat", { ...ann, body: { message: "Go", mode: "async", request_id: "req_1" } });
    await untilExpected("the request in the background has ended", async () =>
      expect((await api.get("/requests/req_1", ann)).body.data.status).toMatch(/^(?:completed|failed)$/),
    );
    expect((await api.chat("Hello", { user: "bob" })).status).toBe(200);
  });
});

test("an answer of half a million pieces is too long, however short they are", async () => {
  const { server, modelOf } = await openModelBench();
  server.reply({ text: Array(500_000).fill("x") });
  await expect(ask(modelOf("openai/some-model"))).rejects.toMatchObject({
    message: expect.stringContaining("sent more than 4000000 characters"),
  });
});

test("the vectors of many texts are more values than any other answer may have", async () => {
  const { server, configOf } = await openModelBench();
  server.embed = () => Array(4_096).fill(0.25);
  const http = createHttpClient();
  onTestFinished(() => http.close());
  const model = createEmbeddingModel(configOf("openai/some-embedding"), {
    http,
    importPackage: packagesOf(import.meta.dirname),
    local: { dir: import.meta.dirname, folder: import.meta.dirname },
  });
  const vectors = await model.embed(Array(64).fill("Oaks"), "passage", AbortSignal.timeout(30_000));
  expect(vectors.map(({ length }) => length)).toEqual(Array(64).fill(4_096));
});
