import type { ModelConfig } from "@muxi/formation";
import { createHttpClient } from "@muxi/http";
import { onTestFinished } from "vitest";
import { createModel, type Model, type ModelDelta, type ModelRequest } from "../src/models/index.ts";
import { type ModelServer, startModelServer } from "./model-server.ts";

export interface ModelBench {
  server: ModelServer;
  /** A model of the server; for `google` and `anthropic` on their own wires. */
  modelOf(id: string, overrides?: Partial<ModelConfig>): Model;
  configOf(id: string, overrides?: Partial<ModelConfig>): ModelConfig;
  /** The pauses between tries, in milliseconds: they are noted and not waited for. */
  pauses: number[];
  /** What was logged: the messages. */
  warnings: string[];
}

/** A model server and models that talk to it, closed at the end of the test. */
export const openModelBench = async (): Promise<ModelBench> => {
  const server = await startModelServer();
  const http = createHttpClient();
  onTestFinished(async () => {
    http.close();
    await server.close();
  });
  const pauses: number[] = [];
  const warnings: string[] = [];

  const configOf = (id: string, overrides: Partial<ModelConfig> = {}): ModelConfig => {
    const [provider = "", ...name] = id.split("/");
    const baseUrl = `${server.url}${provider === "google" ? "/v1beta" : "/v1"}`;
    const { settings, ...rest } = overrides;
    return {
      id,
      provider,
      name: name.join("/"),
      apiKey: "sk-secret-1",
      ...rest,
      settings: { timeoutSeconds: 20, maxRetries: 0, baseUrl, ...settings },
    };
  };

  const modelOf = (id: string, overrides?: Partial<ModelConfig>) =>
    createModel(configOf(id, overrides), {
      http,
      log: { warn: (_, message) => warnings.push(message) },
      random: () => 0.5,
      wait: async (milliseconds) => {
        pauses.push(milliseconds);
      },
    });

  return { server, configOf, modelOf, pauses, warnings };
};

export const hello: ModelRequest = { messages: [{ role: "user", content: "Hello" }] };

/** All deltas of an answer. */
export const ask = async (
  model: Model,
  request: ModelRequest = hello,
  signal: AbortSignal = new AbortController().signal,
): Promise<ModelDelta[]> => {
  const deltas: ModelDelta[] = [];
  for await (const batch of model.stream(request, signal)) deltas.push(...batch);
  return deltas;
};

export const textOf = (deltas: ModelDelta[]): string =>
  deltas.map((delta) => (delta.type === "text" ? delta.text : "")).join("");

/** A conversation with everything in it that a wire must carry. */
export const fullRequest: ModelRequest = {
  messages: [
    { role: "system", content: "You know orchards." },
    { role: "user", content: "How is the weather in Kent?" },
    {
      role: "assistant",
      content: "",
      toolCalls: [
        { id: "call_1", name: "weather", arguments: '{"place":"Kent"}', signature: "c2ln" },
        { id: "call_2", name: "moon", arguments: "not json" },
      ],
    },
    { role: "tool", toolCallId: "call_1", name: "weather", content: "Rain" },
    { role: "tool", toolCallId: "call_2", name: "moon", content: "Full" },
    { role: "user", content: "And tomorrow?" },
  ],
  tools: [
    {
      name: "weather",
      description: "Tells the weather",
      parameters: { type: "object", properties: { place: { type: "string" } }, additionalProperties: false },
    },
  ],
  settings: { temperature: 1.5, maxTokens: 100 },
};
