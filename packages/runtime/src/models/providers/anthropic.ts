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
  partsOfMessage,
  sharedEnds,
  usageOf,
} from "../interface/index.ts";
import type { AnswerBounds } from "./answer-bounds.ts";
import { anthropicSchema } from "./answer-schema.ts";
import { argumentsOf, wholeArguments } from "./call-arguments.ts";
import { createCallIds } from "./call-ids.ts";
import { endpoint } from "./endpoint.ts";
import { finishReasonOf } from "./finish-reason.ts";
import type { WireDecoder } from "./model-stream.ts";
import { joinMessages } from "./provider-messages.ts";
import { wireModel } from "./wire.ts";

/** The API requires a value. */
const defaultMaxTokens = 4096;

const finishReasons = new Map<string, FinishReason>([
  ["end_turn", "stop"],
  ["stop_sequence", "stop"],
  ["max_tokens", "length"],
  ["model_context_window_exceeded", "length"],
  ["tool_use", "tool_calls"],
  ["refusal", "content_filter"],
]);

/** The API refuses empty text blocks. */
const textBlocks = (text: string): JsonObject[] => (text === "" ? [] : [{ type: "text", text }]);

const blockOf = (part: ContentPart): JsonObject[] =>
  part.type === "text"
    ? textBlocks(part.text)
    : [{ type: "image", source: { type: "base64", media_type: part.mediaType, data: part.data } }];

/** The API refuses other characters, which ids of calls that another model has made may have. */
const idOf = (id: string): string => id.replaceAll(/[^a-zA-Z0-9_-]/g, "_");

const blocksOf = (model: string, message: ModelMessage): JsonObject[] => {
  switch (message.role) {
    case "tool":
      return [
        {
          type: "tool_result",
          tool_use_id: idOf(message.toolCallId),
          content: message.images
            ? [...textBlocks(message.content), ...message.images.flatMap(blockOf)]
            : message.content,
        },
      ];
    case "assistant":
      return [
        ...(message.thoughts?.model === model ? listOf(message.thoughts.data.blocks).filter(isObject) : []),
        ...textBlocks(message.content),
        ...(message.toolCalls ?? []).map((call) => ({
          type: "tool_use",
          id: idOf(call.id),
          name: call.name,
          input: parseObject(call.arguments) ?? {},
        })),
      ];
    default:
      return partsOfMessage(message).flatMap(blockOf);
  }
};

/**
 * The API caches what is before a mark, in the order of tools, system and messages, and takes four of them. A prefix
 * shorter than a model's least (512 to 4,096 tokens) is not cached, which is no error.
 */
const marked = (blocks: JsonObject[]): JsonObject[] =>
  blocks.map((block, index) =>
    index === blocks.length - 1 ? { ...block, cache_control: { type: "ephemeral" } } : block,
  );

const requestBody = ({ id, name, settings }: ModelConfig, request: ModelRequest): string => {
  const ends = sharedEnds(request.messages);
  const { system, messages } = joinMessages(request.messages, (message) => {
    const blocks = blocksOf(id, message);
    return ends.has(message) ? marked(blocks) : blocks;
  });
  const schema = anthropicSchema(request.settings?.jsonSchema);
  const temperature = request.settings?.temperature ?? settings.temperature;
  return JSON.stringify({
    model: name,
    max_tokens: request.settings?.maxTokens ?? settings.maxTokens ?? defaultMaxTokens,
    ...(request.tools?.length && {
      tools: marked(
        request.tools.map((tool) => ({
          name: tool.name,
          description: tool.description,
          input_schema: tool.parameters,
        })),
      ),
    }),
    ...(system && { system: marked(textBlocks(system)) }),
    messages: messages.map(({ role, parts }) => ({ role, content: parts })),
    ...(request.tools?.length && request.toolChoice && { tool_choice: { type: request.toolChoice } }),
    ...(schema && { output_config: { format: { type: "json_schema", schema } } }),
    // The API's scale ends at 1, that of formations at 2.
    ...(temperature !== undefined && { temperature: Math.min(temperature, 1) }),
    stream: true,
  });
};

/** A block of the answer that is not complete yet. */
type OpenBlock =
  | { type: "text" }
  | { type: "tool_use"; id: string; name: string; input: string; json: string }
  | { type: "thinking"; thinking: string; signature: string };

const createDecoder = (config: ModelConfig, bounds: AnswerBounds): WireDecoder => {
  const open = new Map<unknown, OpenBlock>();
  const ownId = createCallIds();
  /** Blocks that must be sent back unchanged with the results of calls. */
  const thoughts: JsonObject[] = [];
  /** Parts of the input, of which none counts the others. */
  const read = { uncached: 0, cached: 0, cacheWrite: 0 };
  let output = 0;
  let reason: FinishReason | undefined;
  let said = false;
  let called = false;
  let ended = false;

  const readUsage = (usage: unknown): void => {
    if (!isObject(usage)) return;
    // The counts at the end may leave out what those at the beginning said.
    read.uncached = countOf(usage.input_tokens) || read.uncached;
    read.cached = countOf(usage.cache_read_input_tokens) || read.cached;
    read.cacheWrite = countOf(usage.cache_creation_input_tokens) || read.cacheWrite;
    output = countOf(usage.output_tokens) || output;
  };

  const addText = (text: string, deltas: ModelDelta[]): void => {
    if (text === "") return;
    said ||= text.trim() !== "";
    deltas.push({ type: "text", text });
  };

  const addThoughts = (text: string, deltas: ModelDelta[]): void => {
    if (text !== "") deltas.push({ type: "reasoning", text });
  };

  const complete = (index: unknown, deltas: ModelDelta[]): void => {
    const block = open.get(index);
    open.delete(index);
    if (block?.type === "tool_use") {
      called = true;
      const { id, name, input, json } = block;
      // A call without arguments comes without JSON; some servers send all arguments with the block.
      deltas.push({ type: "tool_call", id, name, arguments: wholeArguments(json || input) || "{}" });
    } else if (block?.type === "thinking" && block.signature !== "") {
      thoughts.push({ type: "thinking", thinking: block.thinking, signature: block.signature });
    }
  };

  const begin = (index: unknown, block: JsonObject, deltas: ModelDelta[]): void => {
    // Some gateways end no block.
    if (open.has(index)) complete(index, deltas);
    switch (block.type) {
      case "tool_use":
        bounds.holdCall();
        open.set(index, {
          type: "tool_use",
          id: ownId(textOf(block.id)),
          name: textOf(block.name),
          input: argumentsOf(block.input),
          json: "",
        });
        return;
      case "thinking": {
        const thinking = textOf(block.thinking);
        open.set(index, { type: "thinking", thinking, signature: textOf(block.signature) });
        addThoughts(thinking, deltas);
        return;
      }
      case "redacted_thinking":
        thoughts.push({ type: "redacted_thinking", data: bounds.hold(textOf(block.data)) });
        return;
      default:
        open.set(index, { type: "text" });
        addText(textOf(block.text), deltas);
    }
  };

  const goOn = (index: unknown, delta: JsonObject, deltas: ModelDelta[]): void => {
    const block = open.get(index);
    const thinking = textOf(delta.thinking);
    addText(textOf(delta.text), deltas);
    addThoughts(thinking, deltas);
    if (block?.type === "tool_use") block.json += bounds.hold(argumentsOf(delta.partial_json));
    if (block?.type === "thinking") {
      block.thinking += thinking;
      block.signature += bounds.hold(textOf(delta.signature));
    }
  };

  const finish = (deltas: ModelDelta[]): void => {
    ended = true;
    for (const index of [...open.keys()]) complete(index, deltas);
    const why = reason ?? "stop";
    if (!said && !called && why !== "content_filter") throw emptyAnswerError(config, why);
    if (called && thoughts.length > 0)
      deltas.push({ type: "thoughts", model: config.id, data: { blocks: thoughts } });
    const { uncached, cached, cacheWrite } = read;
    const usage = usageOf({ input: uncached + cached + cacheWrite, output, cached, cacheWrite });
    deltas.push({ type: "finish", reason: finishReasonOf(why, called), usage, model: config.id });
  };

  const readReason = (stop_reason: unknown): void => {
    if (textOf(stop_reason)) reason = finishReasons.get(textOf(stop_reason)) ?? "other";
  };

  return {
    event(data, deltas) {
      if (ended || data.trim() === "" || data.trim() === "[DONE]") return;
      const event = parseObject(data);
      if (!event) throw malformedEventError(config);
      switch (event.type) {
        case "content_block_delta":
          if (isObject(event.delta)) goOn(event.index, event.delta, deltas);
          return;
        case "content_block_start":
          if (isObject(event.content_block)) begin(event.index, event.content_block, deltas);
          return;
        case "content_block_stop":
          return complete(event.index, deltas);
        case "message_start":
          if (isObject(event.message)) readUsage(event.message.usage);
          return;
        case "message_delta":
          readUsage(event.usage);
          if (isObject(event.delta)) readReason(event.delta.stop_reason);
          return;
        case "message_stop":
          return finish(deltas);
      }
      if (event.type === "error" || event.error) throw eventError(config, event.error ?? event);
    },

    whole(body, deltas) {
      if (body.type === "error" || body.error) throw eventError(config, body.error ?? body);
      if (!Array.isArray(body.content)) throw noAnswerError(config, body);
      readUsage(body.usage);
      readReason(body.stop_reason);
      for (const [index, block] of body.content.entries()) {
        if (!isObject(block)) continue;
        begin(index, block, deltas);
        complete(index, deltas);
      }
      finish(deltas);
    },

    end(deltas) {
      // Some gateways leave `message_stop` out; an answer that ends inside a block is incomplete.
      if (!ended && (reason !== undefined || ((said || called) && open.size === 0))) finish(deltas);
    },
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
