import { hash } from "node:crypto";
import type { ModelConfig } from "@muxi/formation";
import type { HttpClient } from "@muxi/http";
import type { ContentPart, Model, ModelMessage, ModelRequest } from "../interface/index.ts";
import { partsOfMessage } from "../interface/index.ts";
import { isStrictSchema } from "./answer-schema.ts";
import { compatibleProviders } from "./compatible.ts";
import { endpoint } from "./endpoint.ts";
import { OpenAiDecoder } from "./openai-decoder.ts";
import { imagesAfterResults } from "./provider-messages.ts";
import { wireModel } from "./wire.ts";

/** OpenAI's reasoning models refuse any temperature except their default. */
const fixedTemperature = /^(o\d|gpt-5(?!.*chat))/;

const wirePart = (part: ContentPart) =>
  part.type === "text"
    ? part
    : { type: "image_url", image_url: { url: `data:${part.mediaType};base64,${part.data}` } };

/** Servers without image support often accept strings only. */
const userContent = (parts: readonly ContentPart[]) =>
  parts.every((part) => part.type === "text")
    ? parts.map(({ text }) => text).join("\n\n")
    : parts.map(wirePart);

const wireMessage = (model: string, message: ModelMessage) => {
  switch (message.role) {
    case "tool":
      return { role: "tool", tool_call_id: message.toolCallId, content: message.content };
    case "assistant":
      return {
        role: "assistant",
        // Several servers refuse an empty text next to tool calls.
        content: message.content === "" && message.toolCalls ? null : message.content,
        ...(message.toolCalls && {
          tool_calls: message.toolCalls.map(({ id, name, arguments: args }) => ({
            id,
            type: "function",
            function: { name, arguments: args },
          })),
        }),
        ...(message.thoughts?.model === model && message.thoughts.data),
      };
    case "user":
      return { role: "user", content: userContent(partsOfMessage(message)) };
    case "system":
      return message;
  }
};

/** The fields that ask for a schema: some providers enforce one, for others it is put in the prompt. */
const jsonAnswer = (provider: string, schema: Record<string, unknown>) => {
  const isObject = schema.type === "object";
  if (compatibleProviders[provider]?.readsSchemaInPrompt) {
    const content = `Answer in JSON of this schema: ${JSON.stringify(schema)}`;
    return { format: isObject && { type: "json_object" }, messages: [{ role: "system", content }] };
  }
  // The API knows no answers that are lists or texts.
  const strict = isStrictSchema(schema);
  const format = isObject && { type: "json_schema", json_schema: { name: "answer", strict, schema } };
  return { format, messages: [] };
};

/** Whether the provider itself is asked, and not another server that speaks its API. */
const isAtHome = ({ provider, settings: { baseUrl } }: ModelConfig): boolean => {
  const home = compatibleProviders[provider]?.baseUrl;
  return home !== undefined && (baseUrl === undefined || URL.parse(baseUrl)?.host === URL.parse(home)?.host);
};

/** @param isHome Whether the provider itself is asked. */
const requestBody = (config: ModelConfig, isHome: boolean, request: ModelRequest): string => {
  const { provider, name, settings } = config;
  const known = compatibleProviders[provider];
  const own = isHome ? known : undefined;
  const temperature = request.settings?.temperature ?? settings.temperature;
  const maxTokens = request.settings?.maxTokens ?? settings.maxTokens;
  const schema = request.settings?.jsonSchema;
  const json = schema && jsonAnswer(provider, schema);
  const isOpenAi = own !== undefined && provider === "openai";
  return JSON.stringify({
    model: name,
    ...(request.tools?.length && {
      tools: request.tools.map((tool) => ({ type: "function", function: tool })),
    }),
    messages: [
      ...(json?.messages ?? []),
      ...imagesAfterResults(request.messages).map((message) => wireMessage(config.id, message)),
    ],
    ...(json?.format && { response_format: json.format }),
    ...(request.tools?.length && request.toolChoice && { tool_choice: request.toolChoice }),
    ...(temperature !== undefined && !(isOpenAi && fixedTemperature.test(name)) && { temperature }),
    // OpenAI's newer models refuse `max_tokens`; other servers know only that.
    ...(maxTokens !== undefined && { [isOpenAi ? "max_completion_tokens" : "max_tokens"]: maxTokens }),
    stream: true,
    ...(!known?.reportsUsageUnasked && { stream_options: { include_usage: true } }),
    ...(own?.takesCacheKey &&
      request.conversation !== undefined && {
        prompt_cache_key: hash("sha256", request.conversation).slice(0, 32),
      }),
  });
};

/** A model behind OpenAI's chat completions API, at OpenAI or anywhere else (`settings.baseUrl`). */
export const createOpenAiCompatibleModel = (config: ModelConfig, http: HttpClient): Model => {
  const baseUrl = config.settings.baseUrl ?? compatibleProviders[config.provider]?.baseUrl;
  const url = endpoint(config, baseUrl, "chat/completions");
  const headers = {
    ...(config.apiKey && { authorization: `Bearer ${config.apiKey}` }),
  };
  const isHome = isAtHome(config);
  return wireModel({
    ...{ config, http, url, headers },
    createDecoder: (_, bounds) => new OpenAiDecoder(config, bounds),
    requestBody: (_, request) => requestBody(config, isHome, request),
  });
};
