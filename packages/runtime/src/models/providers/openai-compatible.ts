import { hash } from "node:crypto";
import type { ModelConfig } from "@muxi/formation";
import type { HttpClient } from "@muxi/http";
import type { FinishReason } from "@muxi/protocol";
import { isObject, type JsonObject } from "@muxi/protocol";
import { countOf, listOf, parseObject, textOf } from "../../base/index.ts";
import type { ContentPart, Model, ModelDelta, ModelMessage, ModelRequest } from "../interface/index.ts";
import {
  emptyAnswerError,
  eventError,
  malformedEventError,
  noAnswerError,
  noUsage,
  partsOfMessage,
  usageOf,
} from "../interface/index.ts";
import type { AnswerBounds } from "./answer-bounds.ts";
import { createCallAssembler } from "./call-assembler.ts";
import { compatibleProviders } from "./compatible.ts";
import { readParts } from "./content-parts.ts";
import { endpoint } from "./endpoint.ts";
import { compatibleReason, finishReasonOf } from "./finish-reason.ts";
import type { WireDecoder } from "./model-stream.ts";
import { imagesAfterResults } from "./provider-messages.ts";
import { createTextShortcut } from "./text-shortcut.ts";
import { createThoughtFilter } from "./think-tags.ts";
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
const jsonAnswer = (provider: string, schema: Record<string, unknown>) =>
  compatibleProviders[provider]?.readsSchemaInPrompt
    ? {
        format: { type: "json_object" },
        messages: [{ role: "system", content: `Answer in JSON of this schema: ${JSON.stringify(schema)}` }],
      }
    : {
        format: { type: "json_schema", json_schema: { name: "answer", strict: true, schema } },
        messages: [],
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
    ...(json && { response_format: json.format }),
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

/** Fields in which servers send reasoning, and in which they need it back. */
const reasoningFields = ["reasoning_content", "reasoning", "thinking"] as const;

/**
 * Where servers count what they read from a cache and wrote into one, as parts of `prompt_tokens`: OpenAI in the details,
 * DeepSeek and Moonshot beside the others, gateways to Anthropic by its names.
 */
const cachedFields = ["cached_tokens", "prompt_cache_hit_tokens", "cache_read_input_tokens"];
const cacheWriteFields = ["cache_write_tokens", "cache_creation_tokens", "cache_creation_input_tokens"];

const firstCount = (counts: JsonObject, fields: readonly string[]): number =>
  fields.map((field) => countOf(counts[field])).find((count) => count > 0) ?? 0;

const createDecoder = (config: ModelConfig, bounds: AnswerBounds): WireDecoder => {
  const calls = createCallAssembler(bounds);
  const shortcut = createTextShortcut("content");
  const filter = createThoughtFilter();
  let reason: FinishReason | undefined;
  let usage = noUsage;
  let said = false;
  let ended = false;
  /** Reasoning by the field in which it came, and the details that OpenRouter signs. */
  const thoughts: Record<string, string> = {};
  const details: unknown[] = [];

  /** Blank lines and thoughts alone say nothing. */
  const noteText = (deltas: readonly ModelDelta[], from: number): void => {
    for (let index = from; index < deltas.length && !said; index++) {
      const delta = deltas[index];
      said = delta?.type === "text" && delta.text.trim() !== "";
    }
  };

  const addText = (text: string, deltas: ModelDelta[]): void => {
    const from = deltas.length;
    if (filter.isOver) deltas.push({ type: "text", text });
    else filter.add(text, deltas);
    noteText(deltas, from);
  };

  const endText = (deltas: ModelDelta[]): void => {
    const from = deltas.length;
    filter.end(deltas);
    noteText(deltas, from);
  };

  const hasSaid = (): boolean => said || calls.calls().length > 0;

  const addReasoning = (delta: JsonObject, deltas: ModelDelta[]): boolean => {
    const field = reasoningFields.find((name) => textOf(delta[name]) !== "");
    for (const detail of listOf(delta.reasoning_details)) {
      bounds.hold(JSON.stringify(detail));
      details.push(detail);
    }
    if (field === undefined) return false;
    const text = textOf(delta[field]);
    thoughts[field] = (thoughts[field] ?? "") + text;
    deltas.push({ type: "reasoning", text });
    return true;
  };

  const readUsage = (counts: JsonObject): void => {
    const details = isObject(counts.prompt_tokens_details) ? counts.prompt_tokens_details : {};
    const named = { ...counts, ...details };
    usage = usageOf({
      input: countOf(counts.prompt_tokens),
      output: countOf(counts.completion_tokens),
      cached: firstCount(named, cachedFields),
      cacheWrite: firstCount(named, cacheWriteFields),
      total: countOf(counts.total_tokens),
    });
  };

  /** @returns Whether it contained only a text. */
  const readMessage = (message: JsonObject, deltas: ModelDelta[]): string | undefined => {
    const hasThoughts = addReasoning(message, deltas);
    const { content } = message;
    const parts = typeof content === "object" && content !== null ? readParts([content].flat()) : undefined;
    if (parts?.reasoning) deltas.push({ type: "reasoning", text: parts.reasoning });
    const text = (parts?.text ?? textOf(content)) || textOf(message.refusal);
    if (text !== "") addText(text, deltas);
    const pieces = isObject(message.tool_calls) ? [message.tool_calls] : listOf(message.tool_calls);
    // The predecessor of `tool_calls`: one call without an id.
    if (isObject(message.function_call)) pieces.push(message.function_call);
    for (const piece of pieces) calls.add(piece);
    return hasThoughts || parts || pieces.length > 0 || text === "" ? undefined : text;
  };

  const finishWith = (finish: FinishReason, deltas: ModelDelta[]): void => {
    ended = true;
    endText(deltas);
    const whole = calls.calls();
    if (!said && whole.length === 0 && finish !== "content_filter") throw emptyAnswerError(config, finish);
    for (const call of whole) deltas.push({ type: "tool_call", ...call });
    const data = { ...thoughts, ...(details.length > 0 && { reasoning_details: details }) };
    if (whole.length > 0 && Object.keys(data).length > 0)
      deltas.push({ type: "thoughts", model: config.id, data });
    deltas.push({
      type: "finish",
      reason: finishReasonOf(finish, whole.length > 0),
      usage,
      model: config.id,
    });
  };

  /** The first choice. @throws ModelError when it, or what holds it, is an error */
  const choiceOf = (body: JsonObject): JsonObject | undefined => {
    const failed = body.error || (body.object === "error" ? body : undefined);
    if (failed) throw eventError(config, failed);
    const choice: unknown = listOf(body.choices)[0];
    if (!isObject(choice)) return undefined;
    // OpenRouter's way to say that the provider behind it failed.
    if (choice.error || choice.finish_reason === "error") throw eventError(config, choice.error || choice);
    return choice;
  };

  const decoder: WireDecoder = {
    event(data, deltas) {
      if (ended) return;
      const next = shortcut.read(data);
      if (next !== undefined) {
        if (next !== "") addText(next, deltas);
        return;
      }
      const trimmed = data.trim();
      if (trimmed === "") return;
      if (trimmed === "[DONE]") return decoder.end(deltas);
      const chunk = parseObject(data);
      if (!chunk) throw malformedEventError(config);
      const choice = choiceOf(chunk);
      if (isObject(chunk.usage)) readUsage(chunk.usage);
      if (!choice) return;
      // A server that does not stream sends one event with the whole message; others repeat it all at the end.
      const message = choice.delta ?? (hasSaid() ? undefined : choice.message);
      const text = isObject(message) ? readMessage(message, deltas) : undefined;
      const finish = compatibleReason(choice.finish_reason);
      if (text !== undefined && !finish && !chunk.usage) shortcut.learn(data, text);
      reason = finish ?? reason;
    },

    whole(body, deltas) {
      const choice = choiceOf(body);
      if (!isObject(choice?.message)) throw noAnswerError(config, body);
      if (isObject(body.usage)) readUsage(body.usage);
      readMessage(choice.message, deltas);
      finishWith(compatibleReason(choice.finish_reason) ?? "stop", deltas);
    },

    end(deltas) {
      if (ended) return;
      endText(deltas);
      // Several servers end without a finish reason: a text or complete calls are still an answer.
      if (reason === undefined && (!hasSaid() || calls.isBroken)) return;
      finishWith(reason ?? "stop", deltas);
    },
  };
  return decoder;
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
    ...{ config, http, url, headers, createDecoder },
    requestBody: (_, request) => requestBody(config, isHome, request),
  });
};
