import { createHttpClient } from "@muxi/http";
import { expect, test } from "vitest";
import { ask, hello, openModelBench, textOf } from "./model-harness.ts";

const retries = (maxRetries: number, timeoutSeconds = 20) => ({ timeoutSeconds, maxRetries });

test("asks again with growing pauses until the provider recovers", async () => {
  const { server, modelOf, configOf, pauses, warnings } = await openModelBench();
  const { settings } = configOf("openai/x");
  server.reply({ status: 500 }, { status: 503 }, { cutAfter: 0 });
  const model = modelOf("openai/x", { settings: { ...settings, ...retries(3) } });
  expect(textOf(await ask(model))).toBe("Hello from the model.");
  expect(server.requests).toHaveLength(4);
  expect(pauses).toEqual([375, 750, 1500]);
  expect(warnings).toEqual(Array(3).fill("the model failed and is asked again"));
  expect(new Set(server.requests.map(({ bytes }) => bytes.toString())).size).toBe(1);
});

test("gives the last error when the tries are used up", async () => {
  const { server, modelOf, configOf } = await openModelBench();
  const { settings } = configOf("openai/x");
  server.defaultReply = { status: 500 };
  const model = modelOf("openai/x", { settings: { ...settings, ...retries(2) } });
  await expect(ask(model)).rejects.toMatchObject({ code: "LLM_ERROR" });
  expect(server.requests).toHaveLength(3);
});

test.each([400, 401, 403, 404, 422])("does not repeat what was refused with %i", async (status) => {
  const { server, modelOf, configOf } = await openModelBench();
  const { settings } = configOf("openai/x");
  server.defaultReply = { status };
  await expect(ask(modelOf("openai/x", { settings: { ...settings, ...retries(3) } }))).rejects.toThrow();
  expect(server.requests).toHaveLength(1);
});

test("does not repeat an answer that was too large", async () => {
  const { server, modelOf, configOf } = await openModelBench();
  const { settings } = configOf("openai/x");
  server.defaultReply = { text: [], toolCalls: [{ id: "call_1", name: "f".repeat(513), arguments: ["{}"] }] };
  const model = modelOf("openai/x", { settings: { ...settings, ...retries(3) } });
  await expect(ask(model)).rejects.toThrow("sent more than 512 characters");
  expect(server.requests).toHaveLength(1);
});

test("never repeats an answer of which a part was handed on", async () => {
  const { server, modelOf, configOf } = await openModelBench();
  const { settings } = configOf("openai/x");
  server.reply({ text: ["a", "b"], cutAfter: 2 });
  await expect(ask(modelOf("openai/x", { settings: { ...settings, ...retries(3) } }))).rejects.toThrow(
    "broke off",
  );
  expect(server.requests).toHaveLength(1);
});

test("waits as long as Retry-After says when that fits the timeout, else fails at once", async () => {
  const { server, modelOf, configOf, pauses } = await openModelBench();
  const { settings } = configOf("openai/x");
  const model = modelOf("openai/x", { settings: { ...settings, ...retries(3, 10) } });
  server.reply({ status: 429, headers: { "retry-after": "9" } });
  await ask(model);
  server.reply({ status: 503, headers: { "retry-after": "4" } });
  await ask(model);
  expect(pauses).toEqual([9_000, 4_000]);
  server.reply({ status: 429, headers: { "retry-after": "11" } });
  await expect(ask(model)).rejects.toMatchObject({ code: "LLM_RATE_LIMITED", retryAfter: 11 });
  expect(server.requests).toHaveLength(5);
});

test("passes Retry-After on instead of waiting again and again", async () => {
  const { server, modelOf, configOf, pauses } = await openModelBench();
  const { settings } = configOf("openai/x");
  const model = modelOf("openai/x", { settings: { ...settings, ...retries(3) } });
  server.defaultReply = { status: 429, headers: { "retry-after": "7" } };
  await expect(ask(model)).rejects.toMatchObject({ code: "LLM_RATE_LIMITED", retryAfter: 7 });
  expect(pauses).toEqual([7_000]);
  server.defaultReply = { status: 429, headers: { "retry-after": "5" } };
  await expect(ask(model)).rejects.toMatchObject({ code: "LLM_RATE_LIMITED", retryAfter: 5 });
  expect(pauses).toEqual([7_000, 5_000, 5_000]);
});

test("asks the fallback once the tries are used up, and names it as the one that answered", async () => {
  const { server, modelOf, configOf, warnings } = await openModelBench();
  const { settings } = configOf("openai/first");
  server.reply({ status: 500 }, { status: 500 });
  const model = modelOf("openai/first", {
    settings: { ...settings, ...retries(1) },
    fallback: configOf("anthropic/second"),
  });
  expect((await ask(model)).at(-1)).toMatchObject({ type: "finish", model: "anthropic/second" });
  expect(server.requests.map(({ path }) => path)).toEqual([
    "/v1/chat/completions",
    "/v1/chat/completions",
    "/v1/messages",
  ]);
  expect(warnings.at(-1)).toBe("the model failed; its fallback is asked");
});

test("an abort during a pause ends the call", async () => {
  const { server, configOf } = await openModelBench();
  const { createModel } = await import("../src/models/index.ts");
  const config = configOf("openai/x");
  server.defaultReply = { status: 500 };
  const http = createHttpClient();
  const controller = new AbortController();
  // The real pause: half a second at least, cut short by the abort.
  const model = createModel(
    { ...config, settings: { ...config.settings, maxRetries: 5 } },
    { http, log: { warn: () => controller.abort(new Error("stopped by the user")) } },
  );
  await expect(ask(model, hello, controller.signal)).rejects.toThrow("stopped by the user");
  expect(server.requests).toHaveLength(1);
  http.close();
});
