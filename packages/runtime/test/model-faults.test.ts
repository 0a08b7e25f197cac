import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { createHttpClient } from "@muxi/http";
import { describe, expect, onTestFinished, test } from "vitest";
import { writeCertificate } from "../../../test/certificate.ts";
import { until } from "../../../test/until.ts";
import { createModel, ModelError } from "../src/models/index.ts";

import { ask, hello, openModelBench, textOf } from "./model-harness.ts";
import type { Reply } from "./model-server.ts";

const ids = ["openai/some-model", "anthropic/some-model", "google/some-model"];

const failureOf = async (answer: Promise<unknown>): Promise<ModelError> => {
  const error: unknown = await answer.then(
    () => new Error("the model answered"),
    (reason) => reason,
  );
  if (error instanceof ModelError) return error;
  throw error;
};

describe.each(ids)("%s", (id) => {
  test.each([
    [
      401,
      "LLM_NOT_CONFIGURED",
      /refused the API key for .*some-model \(401\)\. Check llm\.api_keys\.\w+ in the formation \(muxi secrets set\)/,
    ],
    [402, "LLM_NOT_CONFIGURED", /quota of the account is used up/],
    [403, "LLM_NOT_CONFIGURED", /refused the API key/],
    [404, "LLM_NOT_CONFIGURED", /has no model "some-model"/],
    [400, "LLM_NOT_CONFIGURED", /rejected the request/],
    [500, "LLM_ERROR", /failed to answer/],
    [529, "LLM_ERROR", /failed to answer/],
    [429, "LLM_RATE_LIMITED", /limits the requests/],
  ])("answers %i with a clear error that keeps the provider's text inside", async (status, code, message) => {
    const { server, modelOf } = await openModelBench();
    server.reply({ status, body: '{"error":{"message":"The key sk-secret-1 of Bob is bad"}}' });
    const error = await failureOf(ask(modelOf(id)));
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(error.message).not.toMatch(/sk-secret|Bob/);
    expect(String(error.cause)).toContain("The key [key] of Bob is bad");
  });

  test("says that a key is missing", async () => {
    const { server, modelOf } = await openModelBench();
    server.reply({ status: 401 });
    const error = await failureOf(ask(modelOf(id, { apiKey: "" })));
    expect(error.message).toMatch(/needs an API key for .*Set llm\.api_keys\./);
  });

  test("notices that an answer broke off, after giving what came", async () => {
    const { server, modelOf } = await openModelBench();
    // Without a block that must be closed, a text that the server ended properly is an answer.
    const faults = [{ cutAfter: 4 }, ...(id.startsWith("anthropic") ? [{ endAfter: 4 }] : [])];
    for (const fault of faults) {
      server.reply({ text: ["a", "b", "c", "d", "e", "f"], ...fault });
      let text = "";
      const read = async () => {
        for await (const deltas of modelOf(id).stream(hello, new AbortController().signal))
          text += textOf(deltas);
      };
      expect(await failureOf(read())).toMatchObject({ code: "LLM_ERROR" });
      expect(text).toMatch(/^a/);
    }
  });

  test("gives up on an answer that stalls, and closes the connection", async () => {
    const { server, modelOf, configOf } = await openModelBench();
    server.reply({ stallAfter: 2 });
    const settings = { ...configOf(id).settings, timeoutSeconds: 0.2 };
    expect(await failureOf(ask(modelOf(id, { settings })))).toMatchObject({
      code: "LLM_TIMEOUT",
      message: expect.stringMatching(/sent nothing for .*some-model within 0\.2 s/),
    });
    expect(await (await server.request(0)).over).toBe("aborted");
  });

  test("gives up on headers that do not come", async () => {
    const { server, modelOf, configOf } = await openModelBench();
    server.reply({ before: new Promise(() => {}) });
    const settings = { ...configOf(id).settings, timeoutSeconds: 0.2 };
    expect(await failureOf(ask(modelOf(id, { settings })))).toMatchObject({ code: "LLM_TIMEOUT" });
    expect(await (await server.request(0)).over).toBe("aborted");
  });

  test("understands an error inside the stream", async () => {
    const { server, modelOf } = await openModelBench();
    server.reply({ error: { type: "overloaded_error", message: "Overloaded" } });
    expect(await failureOf(ask(modelOf(id)))).toMatchObject({ code: "LLM_ERROR" });
    server.reply({ error: { type: "rate_limit_error", code: 429, message: "Slow down" } });
    expect(await failureOf(ask(modelOf(id)))).toMatchObject({ code: "LLM_RATE_LIMITED" });
    server.reply({ error: { code: "context_length_exceeded", message: "too long" } });
    expect(await failureOf(ask(modelOf(id)))).toMatchObject({
      message: expect.stringContaining("longer than the model's context window"),
    });
  });

  test("closes the connection when it is aborted", async () => {
    const { server, modelOf } = await openModelBench();
    server.reply({ text: ["a", "b"], stallAfter: 2 });
    const controller = new AbortController();
    const answer = ask(modelOf(id), hello, controller.signal);
    const request = await server.request(0);
    controller.abort(new Error("the user left"));
    await expect(answer).rejects.toThrow("the user left");
    expect(await request.over).toBe("aborted");
  });

  test("closes the connection when nobody reads on", async () => {
    const { server, modelOf } = await openModelBench();
    server.reply({ text: ["a", "b", "c"], stallAfter: 4 });
    for await (const _ of modelOf(id).stream(hello, new AbortController().signal)) break;
    expect(await (await server.request(0)).over).toBe("aborted");
  });
});

test("the seconds of Retry-After are passed on, as a number, a date or in Google's body", async () => {
  const { server, modelOf } = await openModelBench();
  const waitOf = async (reply: Reply) => {
    server.reply({ status: 429, ...reply });
    return (await failureOf(ask(modelOf("openai/x")))).retryAfter;
  };
  expect(await waitOf({ headers: { "retry-after": "7" } })).toBe(7);
  expect(await waitOf({ headers: { "retry-after": "0.2" } })).toBe(1);
  expect(await waitOf({ headers: { "retry-after": "soon" } })).toBeUndefined();
  expect(await waitOf({})).toBeUndefined();
  const inAnHour = new Date(Date.now() + 3_600_000).toUTCString();
  const seconds = await waitOf({ headers: { "retry-after": inAnHour } });
  expect(seconds).toBeGreaterThan(3_500);
  expect(seconds).toBeLessThanOrEqual(3_600);
  expect(await waitOf({ headers: { "retry-after": "Thu, 01 Jan 1970 00:00:00 GMT" } })).toBe(0);
  const body = '[{"error":{"code":429,"details":[{"@type":"RetryInfo","retryDelay": "34.5s"}]}}]';
  expect(await waitOf({ body })).toBe(35);
});

const googleQuota = (quotaId: string) =>
  JSON.stringify({
    error: {
      code: 429,
      status: "RESOURCE_EXHAUSTED",
      message: "You exceeded your current quota, please check your plan and billing details",
      details: [
        { "@type": "type.googleapis.com/google.rpc.QuotaFailure", violations: [{ quotaId }] },
        { "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "20s" },
      ],
    },
  });

test.each([
  ["openai/x", 429, '{"error":{"code":"insufficient_quota","type":"insufficient_quota"}}'],
  ["deepseek/x", 402, '{"error":{"message":"Insufficient Balance"}}'],
  [
    "anthropic/x",
    400,
    '{"error":{"type":"invalid_request_error","message":"Your credit balance is too low"}}',
  ],
  ["anthropic/x", 403, '{"error":{"type":"billing_error"}}'],
  ["google/x", 429, googleQuota("GenerateRequestsPerDayPerProjectPerModel-FreeTier")],
])("a used-up quota of %s (%i) is not asked for again", async (id, status, body) => {
  const { server, modelOf, configOf } = await openModelBench();
  server.defaultReply = { status, body };
  const settings = { ...configOf(id).settings, maxRetries: 3 };
  const error = await failureOf(ask(modelOf(id, { settings })));
  expect(error).toMatchObject({ code: "LLM_NOT_CONFIGURED", transient: false, retryAfter: undefined });
  expect(error.message).toBe(
    `${id.split("/")[0]} refused the request to ${id}: the quota of the account is used up (${status}). Check its plan and billing`,
  );
  expect(server.requests).toHaveLength(1);
});

test("a quota of a minute is full again after it", async () => {
  const { server, modelOf } = await openModelBench();
  server.reply({ status: 429, body: googleQuota("GenerateRequestsPerMinutePerProjectPerModel") });
  expect(await failureOf(ask(modelOf("google/x")))).toMatchObject({
    code: "LLM_RATE_LIMITED",
    transient: true,
    retryAfter: 20,
  });
});

test("a key that Google refuses with 400 is named as such", async () => {
  const { server, modelOf } = await openModelBench();
  const details = [{ reason: "API_KEY_INVALID" }];
  server.reply({ status: 400, body: JSON.stringify({ error: { code: 400, details } }) });
  expect(await failureOf(ask(modelOf("google/x")))).toMatchObject({
    code: "LLM_NOT_CONFIGURED",
    message: expect.stringMatching(/^google refused the API key for google\/x \(400\)/),
  });
});

test.each(ids)("errors in the stream of %s are as lasting as those before it", async (id) => {
  const { server, modelOf } = await openModelBench();
  const codeOf = async (error: object) => {
    server.reply({ error });
    return (await failureOf(ask(modelOf(id)))).code;
  };
  expect(await codeOf({ type: "authentication_error", message: "no" })).toBe("LLM_NOT_CONFIGURED");
  expect(await codeOf({ type: "billing_error", message: "no" })).toBe("LLM_NOT_CONFIGURED");
  expect(await codeOf({ code: "404", message: "no" })).toBe("LLM_NOT_CONFIGURED");
  expect(await codeOf({ code: "insufficient_quota", message: "no" })).toBe("LLM_NOT_CONFIGURED");
  expect(await codeOf({ code: "content_filter", message: "no" })).toBe("LLM_REFUSED");
  expect(await codeOf({ message: "the context window is too small" })).toBe("LLM_REFUSED");
  expect(await codeOf({ message: "out of memory" })).toBe("LLM_ERROR");
});

test("an error's body is read only so far", async () => {
  const { server, modelOf } = await openModelBench();
  server.reply({ status: 500, body: "x".repeat(5_000_000) });
  const error = await failureOf(ask(modelOf("openai/x")));
  expect(String(error.cause).length).toBeLessThan(70_000);
});

test("JSON that is no answer is an error", async () => {
  const { server, modelOf } = await openModelBench();
  server.reply({ status: 200, body: '{"choices":[]}' });
  expect(await failureOf(ask(modelOf("openai/x")))).toMatchObject({
    message: "openai did not answer openai/x with a stream (200): check base_url",
  });
});

test("a server that is not there is named", async () => {
  const { server, modelOf } = await openModelBench();
  const model = modelOf("ollama/llama3.2");
  await server.close();
  expect(await failureOf(ask(model))).toMatchObject({
    code: "LLM_ERROR",
    message: `The connection to ollama at ${server.url} failed (ECONNREFUSED) while asking ollama/llama3.2`,
  });
});

test("a server whose certificate nobody knows is named, with the reason", async () => {
  const { modelOf, configOf } = await openModelBench();
  const folder = await mkdtemp(path.join(tmpdir(), "muxi-model-"));
  await writeCertificate(folder, "localhost", "DNS:localhost,IP:127.0.0.1");
  const [cert, key] = await Promise.all(
    ["cert.pem", "key.pem"].map((name) => readFile(path.join(folder, name))),
  );
  await rm(folder, { recursive: true });
  const server = createSecureServer({ cert, key });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const { settings } = configOf("openai/x");
  const baseUrl = `https://127.0.0.1:${port}/v1`;
  const error = await failureOf(ask(modelOf("openai/x", { settings: { ...settings, baseUrl } })));
  expect(error).toMatchObject({
    code: "LLM_NOT_CONFIGURED",
    message: `The connection to openai at https://127.0.0.1:${port} failed (DEPTH_ZERO_SELF_SIGNED_CERT) while asking openai/x`,
  });
});

test("a key that no header can carry is named, without printing it", async () => {
  const { server, modelOf } = await openModelBench();
  const error = await failureOf(ask(modelOf("openai/x", { apiKey: "sk-secret-1\n" })));
  expect(error.message).toMatch(
    /^The API key for openai\/x holds characters that cannot be sent.*llm\.api_keys\.openai/,
  );
  expect(`${error.message}${error.cause}`).not.toContain("sk-secret");
  expect(server.requests).toHaveLength(0);
});

test("a base_url that is no address is named at once", async () => {
  const { configOf } = await openModelBench();
  const { settings, ...config } = configOf("openai/x");
  const create = () =>
    createModel(
      { ...config, settings: { ...settings, baseUrl: "localhost:1234" } },
      { http: createHttpClient(), log: { warn: () => {} } },
    );
  expect(create).toThrow("The base_url of openai/x is not an http(s) address");
});

test("an aborted signal asks nobody", async () => {
  const { server, modelOf } = await openModelBench();
  await expect(ask(modelOf("openai/x"), hello, AbortSignal.abort(new Error("too late")))).rejects.toThrow(
    "too late",
  );
  expect(server.requests).toHaveLength(0);
});

test("a signal is left without listeners", async () => {
  const { server, modelOf } = await openModelBench();
  const { signal } = new AbortController();
  let listeners = 0;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
    listeners += 1;
    addEventListener.apply(signal, args);
  };
  signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
    listeners -= 1;
    removeEventListener.apply(signal, args);
  };
  server.reply({}, { status: 500 }, { cutAfter: 2 });
  await ask(modelOf("openai/x"), hello, signal);
  await failureOf(ask(modelOf("openai/x"), hello, signal));
  await failureOf(ask(modelOf("openai/x"), hello, signal));
  expect(listeners).toBe(0);
});

test("a reader that is slow holds the provider back and loses nothing", async () => {
  const { server, modelOf } = await openModelBench();
  const text = Array.from({ length: 30_000 }, (_, index) => `token ${index} `);
  server.reply({ text });
  let received = "";
  for await (const deltas of modelOf("openai/x").stream(hello, new AbortController().signal)) {
    received += textOf(deltas);
    await new Promise(setImmediate);
  }
  expect(received).toBe(text.join(""));
});

test("an answer that is left when all of it has come gives its connection back", async () => {
  const { modelOf, configOf } = await openModelBench();
  const event = (content: string) => `data: ${JSON.stringify({ choices: [{ delta: { content } }] })}\n\n`;
  const last = `data: ${JSON.stringify({ choices: [{ delta: {}, finish_reason: "stop" }] })}\n\ndata: [DONE]\n\n`;
  const ports: (number | undefined)[] = [];
  const answers: ServerResponse[] = [];
  const server = createServer((request, response) => {
    ports.push(request.socket.remotePort);
    answers.push(response);
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(event("first"));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const { settings } = configOf("openai/x");
  const model = modelOf("openai/x", { settings: { ...settings, baseUrl: `http://127.0.0.1:${port}/v1` } });

  for await (const _ of model.stream(hello, new AbortController().signal)) {
    // More than may wait for the reader, if the answer were not over with it.
    answers[0]?.write(event("x").repeat(4_097) + last);
    await until("all that was written is sent", () => answers[0]?.writableLength === 0);
    for (let turns = 0; turns < 100; turns += 1) await new Promise(setImmediate);
    break;
  }
  answers[0]?.end();
  await until("the answer is sent to its end", () => answers[0]?.writableFinished);
  for (let turns = 0; turns < 100; turns += 1) await new Promise(setImmediate);
  for await (const _ of model.stream(hello, new AbortController().signal)) break;
  expect(ports[1]).toBe(ports[0]);
});

test("what came before an error is handed on, even when both come together", async () => {
  const { server, modelOf } = await openModelBench();
  server.reply({
    text: ["Hel", "lo"],
    errorAfter: 3,
    error: { type: "overloaded_error", message: "Overloaded" },
  });
  let received = "";
  const read = async () => {
    const stream = modelOf("openai/x").stream(hello, new AbortController().signal);
    for await (const deltas of stream) received += textOf(deltas);
  };
  expect(await failureOf(read())).toMatchObject({ code: "LLM_ERROR" });
  expect(received).toBe("Hello");
});
