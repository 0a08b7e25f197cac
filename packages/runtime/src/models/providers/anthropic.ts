import type { ModelConfig } from "@muxi/formation";
import type { HttpClient } from "@muxi/http";
import type { FinishReason } from "@muxi/protocol";
import { isObject, type JsonObject } from "@muxi/protocol";
import { countOf, parseObject, textOf } from "../../base/index.ts";
import type { ContentPart, Model, ModelMessage, ModelRequest, ToolCall } from "../interface/index.ts";
import { eventError, malformedEventError } from "../interface/index.ts";
import { endpoint } from "./endpoint.ts";
import { type WireDecoder, wireModel } from "./model-stream.ts";
import { joinMessages } from "./provider-messages.ts";

/** The API has no default of its own. */
const defaultMaxTokens = 4096;

const finishReasons = new Map<string, FinishReason>([
  ["end_turn", "stop"],
  ["stop_sequence", "stop"],
  ["max_tokens", "length"],
  ["model_context_window_exceeded", "length"],
  ["tool_use", "tool_calls"],
  ["refusal", "content_filter"],
]);

/** The API refuses blocks of empty text. */
const textBlocks = (text: string): JsonObject[] => (text === "" ? [] : [{ type: "text", text }]);

const blockOf = (part: ContentPart): JsonObject[] =>
  part.type === "text"
    ? textBlocks(part.text)
    : [{ type: "image", source: { type: "base64", media_type: part.mediaType, data: part.data } }];

const blocksOf = (message: ModelMessage): JsonObject[] => {
  switch (message.role) {
    case "tool":
      return [{ type: "tool_result", tool_use_id: message.toolCallId, content: message.content }];
    case "assistant":
      return [
        ...textBlocks(message.content),
        ...(message.toolCalls ?? []).map((call) => ({
          type: "tool_use",
          id: call.id,
          name: call.name,
          input: parseObject(call.arguments) ?? {},
        })),
      ];
    default:
      return typeof message.content === "string"
        ? textBlocks(message.content)
        : message.content.flatMap(blockOf);
  }
};

const requestBody = ({ name, settings }: ModelConfig, request: ModelRequest): string => {
  const { system, messages } = joinMessages(request.messages, blocksOf);
  const schema = request.settings?.jsonSchema;
  const temperature = request.settings?.temperature ?? settings.temperature;
  return JSON.stringify({
    model: name,
    max_tokens: request.settings?.maxTokens ?? settings.maxTokens ?? defaultMaxTokens,
    ...(system && { system }),
    messages: messages.map(({ role, parts }) => ({ role, content: parts })),
    ...(request.tools?.length && {
      tools: request.tools.map((tool) => ({
        name: tool.name,
        description: tool.description,
        input_schema: tool.parameters,
      })),
      ...(request.toolChoice && { tool_choice: { type: request.toolChoice } }),
    }),
    ...(schema && { output_config: { format: { type: "json_schema", schema } } }),
    // Its scale ends at 1, that of formations at 2.
    ...(temperature !== undefined && { temperature: Math.min(temperature, 1) }),
    stream: true,
  });
};

const createDecoder = (config: ModelConfig): WireDecoder => {
  let call: ToolCall | undefined;
  let input_tokens = 0;
  let output_tokens = 0;
  let reason: FinishReason = "other";

  const readUsage = (usage: unknown): void => {
    if (!isObject(usage)) return;
    input_tokens =
      countOf(usage.input_tokens) +
        countOf(usage.cache_creation_input_tokens) +
        countOf(usage.cache_read_input_tokens) || input_tokens;
    output_tokens = countOf(usage.output_tokens) || output_tokens;
  };

  return {
    event(data, deltas) {
      const event = parseObject(data);
      if (!event) throw malformedEventError(config);
      switch (event.type) {
        case "content_block_delta": {
          if (!isObject(event.delta)) return;
          const { type, text, thinking, partial_json } = event.delta;
          if (textOf(text)) deltas.push({ type: "text", text: textOf(text) });
          else if (textOf(thinking)) deltas.push({ type: "reasoning", text: textOf(thinking) });
          else if (type === "input_json_delta" && call) call.arguments += textOf(partial_json);
          return;
        }
        case "content_block_start": {
          const block = event.content_block;
          if (!isObject(block)) return;
          if (block.type === "tool_use")
            call = { id: textOf(block.id), name: textOf(block.name), arguments: "" };
          else if (textOf(block.text)) deltas.push({ type: "text", text: textOf(block.text) });
          return;
        }
        case "content_block_stop":
          // A tool without arguments comes without a single piece of JSON.
          if (call) deltas.push({ type: "tool_call", ...call, arguments: call.arguments || "{}" });
          call = undefined;
          return;
        case "message_start":
          if (isObject(event.message)) readUsage(event.message.usage);
          return;
        case "message_delta":
          readUsage(event.usage);
          if (isObject(event.delta)) reason = finishReasons.get(textOf(event.delta.stop_reason)) ?? "other";
          return;
        case "message_stop": {
          const usage = { input_tokens, output_tokens, total_tokens: input_tokens + output_tokens };
          deltas.push({ type: "finish", reason, usage, model: config.id });
          return;
        }
        case "error":
          throw eventError(config, event.error);
      }
    },
    // `message_stop` is the only end.
    end: () => {},
  };
};

/** A model behind Anthropic's messages API. */
export const createAnthropicModel = (config: ModelConfig, http: HttpClient): Model => {
  const url = endpoint(config, config.settings.baseUrl ?? "https://api.anthropic.com/v1", "messages");
  const headers = {
    "anthropic-version": "2023-06-01",
    ...(config.apiKey && { "x-api-key": config.apiKey }),
  };
  return wireModel({ config, http, url, headers, requestBody, createDecoder });
};
