import type { ModelConfig } from "@muxi/formation";
import type { HttpClient } from "@muxi/http";
import type { FinishReason, Usage } from "@muxi/protocol";
import { isObject } from "@muxi/protocol";
import { countOf, listOf, parseObject, textOf } from "../../base/index.ts";
import type { ContentPart, Model, ModelMessage, ModelRequest, ToolCall } from "../interface/index.ts";
import { eventError, malformedEventError } from "../interface/index.ts";
import { compatibleProviders } from "./compatible.ts";
import { endpoint } from "./endpoint.ts";
import { type WireDecoder, wireModel } from "./model-stream.ts";
import { createTextShortcut } from "./text-shortcut.ts";

const openaiUrl = compatibleProviders.openai?.baseUrl;

/** OpenAI's reasoning models answer 400 to any temperature but their own. */
const fixedTemperature = /^(o\d|gpt-5(?!.*chat))/;

const finishReasons = new Map<string, FinishReason>([
  ["stop", "stop"],
  ["length", "length"],
  ["tool_calls", "tool_calls"],
  ["content_filter", "content_filter"],
]);

/** More calls at once than any model makes; the index of a call comes from outside. */
const callLimit = 128;

const wirePart = (part: ContentPart) =>
  part.type === "text"
    ? part
    : { type: "image_url", image_url: { url: `data:${part.mediaType};base64,${part.data}` } };

const wireMessage = (message: ModelMessage) => {
  switch (message.role) {
    case "tool":
      return { role: "tool", tool_call_id: message.toolCallId, content: message.content };
    case "assistant":
      return {
        role: "assistant",
        // Several servers refuse an empty text beside tool calls.
        content: message.content === "" && message.toolCalls ? null : message.content,
        ...(message.toolCalls && {
          tool_calls: message.toolCalls.map(({ id, name, arguments: args }) => ({
            id,
            type: "function",
            function: { name, arguments: args },
          })),
        }),
      };
    case "user":
      return {
        role: "user",
        content: typeof message.content === "string" ? message.content : message.content.map(wirePart),
      };
    case "system":
      return message;
  }
};

/** How a schema is asked for: some providers keep to one by themselves, others must read it in the prompt. */
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

const requestBody = (config: ModelConfig, request: ModelRequest): string => {
  const { provider, name, settings } = config;
  const temperature = request.settings?.temperature ?? settings.temperature;
  const maxTokens = request.settings?.maxTokens ?? settings.maxTokens;
  const schema = request.settings?.jsonSchema;
  const json = schema && jsonAnswer(provider, schema);
  const isOpenAi = provider === "openai" && (settings.baseUrl ?? openaiUrl) === openaiUrl;
  return JSON.stringify({
    model: name,
    messages: [...(json?.messages ?? []), ...request.messages.map(wireMessage)],
    ...(json && { response_format: json.format }),
    ...(request.tools?.length && {
      tools: request.tools.map((tool) => ({ type: "function", function: tool })),
      ...(request.toolChoice && { tool_choice: request.toolChoice }),
    }),
    ...(temperature !== undefined && !(isOpenAi && fixedTemperature.test(name)) && { temperature }),
    // OpenAI retired `max_tokens`, which its newer models refuse; everybody else knows only that.
    ...(maxTokens !== undefined && { [isOpenAi ? "max_completion_tokens" : "max_tokens"]: maxTokens }),
    stream: true,
    ...(!compatibleProviders[provider]?.reportsUsageUnasked && { stream_options: { include_usage: true } }),
  });
};

const createDecoder = (config: ModelConfig): WireDecoder => {
  const calls: ToolCall[] = [];
  const shortcut = createTextShortcut("content");
  let reason: FinishReason | undefined;
  let usage: Usage = { input_tokens: 0, output_tokens: 0, total_tokens: 0 };

  const addToCall = (piece: unknown): void => {
    if (!isObject(piece)) return;
    const id = textOf(piece.id);
    // Some servers leave `index` out; a new id then begins the next call.
    const position =
      typeof piece.index === "number" ? piece.index : id === "" ? calls.length - 1 : calls.length;
    if (!Number.isInteger(position) || position < 0 || position >= callLimit)
      throw malformedEventError(config);
    const call = calls[position] ?? { id: "", name: "", arguments: "" };
    calls[position] = call;
    const named = isObject(piece.function) ? piece.function : {};
    call.id ||= id;
    call.name ||= textOf(named.name);
    call.arguments += textOf(named.arguments);
  };

  const decoder: WireDecoder = {
    event(data, deltas) {
      const next = shortcut.read(data);
      if (next !== undefined) {
        if (next !== "") deltas.push({ type: "text", text: next });
        return;
      }
      if (data === "[DONE]") return decoder.end(deltas);
      const chunk = parseObject(data);
      if (!chunk) throw malformedEventError(config);
      if (chunk.error) throw eventError(config, chunk.error);
      if (isObject(chunk.usage)) {
        const { prompt_tokens, completion_tokens, total_tokens } = chunk.usage;
        const input_tokens = countOf(prompt_tokens);
        const output_tokens = countOf(completion_tokens);
        usage = {
          input_tokens,
          output_tokens,
          total_tokens: countOf(total_tokens) || input_tokens + output_tokens,
        };
      }
      const choice: unknown = listOf(chunk.choices)[0];
      if (!isObject(choice)) return;
      const { delta } = choice;
      if (isObject(delta)) {
        const reasoning = textOf(delta.reasoning_content) || textOf(delta.reasoning);
        if (reasoning) deltas.push({ type: "reasoning", text: reasoning });
        const text = textOf(delta.content);
        if (text) {
          deltas.push({ type: "text", text });
          if (!reasoning && !delta.tool_calls && !choice.finish_reason && !chunk.usage)
            shortcut.learn(data, text);
        }
        for (const piece of listOf(delta.tool_calls)) addToCall(piece);
      }
      const finish = textOf(choice.finish_reason);
      if (finish) reason = finishReasons.get(finish) ?? "other";
    },

    end(deltas) {
      if (!reason) return;
      const whole = calls.filter((call) => call?.name);
      for (const call of whole) deltas.push({ type: "tool_call", ...call });
      // Some servers say `stop` after tool calls.
      if (whole.length > 0 && reason === "stop") reason = "tool_calls";
      deltas.push({ type: "finish", reason, usage, model: config.id });
      // The mark of the end and the end itself both come here.
      reason = undefined;
    },
  };
  return decoder;
};

/** A model behind OpenAI's chat completions, at OpenAI or anywhere else (`settings.baseUrl`). */
export const createOpenAiCompatibleModel = (config: ModelConfig, http: HttpClient): Model => {
  const baseUrl = config.settings.baseUrl ?? compatibleProviders[config.provider]?.baseUrl;
  const url = endpoint(config, baseUrl, "chat/completions");
  const headers = {
    ...(config.apiKey && { authorization: `Bearer ${config.apiKey}` }),
  };
  return wireModel({ config, http, url, headers, requestBody, createDecoder });
};
