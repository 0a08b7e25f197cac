import type { ModelConfig } from "@muxi/formation";
import type { HttpClient } from "@muxi/http";
import type { FinishReason, Usage } from "@muxi/protocol";
import { isObject, type JsonObject } from "@muxi/protocol";
import { countOf, listOf, parseObject, textOf } from "../../base/index.ts";
import type { ContentPart, Model, ModelMessage, ModelRequest } from "../interface/index.ts";
import { eventError, malformedEventError } from "../interface/index.ts";
import { endpoint } from "./endpoint.ts";
import { type WireDecoder, wireModel } from "./model-stream.ts";
import { joinMessages } from "./provider-messages.ts";

const filtered = ["SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII"];

const finishReasons = new Map<string, FinishReason>([
  ["STOP", "stop"],
  ["MAX_TOKENS", "length"],
  ...filtered.map((reason): [string, FinishReason] => [reason, "content_filter"]),
]);

const textParts = (text: string): JsonObject[] => (text === "" ? [] : [{ text }]);

const partOf = (part: ContentPart): JsonObject[] =>
  part.type === "text"
    ? textParts(part.text)
    : [{ inlineData: { mimeType: part.mediaType, data: part.data } }];

const partsOf = (message: ModelMessage): JsonObject[] => {
  switch (message.role) {
    case "tool":
      return [{ functionResponse: { name: message.name, response: { output: message.content } } }];
    case "assistant":
      return [
        ...textParts(message.content),
        ...(message.toolCalls ?? []).map((call) => ({
          functionCall: { name: call.name, args: parseObject(call.arguments) ?? {} },
          ...(call.signature !== undefined && { thoughtSignature: call.signature }),
        })),
      ];
    default:
      return typeof message.content === "string"
        ? textParts(message.content)
        : message.content.flatMap(partOf);
  }
};

const requestBody = ({ settings }: ModelConfig, request: ModelRequest): string => {
  const { system, messages } = joinMessages(request.messages, partsOf);
  const schema = request.settings?.jsonSchema;
  const temperature = request.settings?.temperature ?? settings.temperature;
  const maxOutputTokens = request.settings?.maxTokens ?? settings.maxTokens;
  return JSON.stringify({
    ...(system && { systemInstruction: { parts: [{ text: system }] } }),
    contents: messages.map(({ role, parts }) => ({ role: role === "assistant" ? "model" : "user", parts })),
    ...(request.tools?.length && {
      tools: [
        {
          functionDeclarations: request.tools.map((tool) => ({
            name: tool.name,
            description: tool.description,
            // `parameters` knows only a part of JSON Schema and refuses the rest.
            parametersJsonSchema: tool.parameters,
          })),
        },
      ],
      ...(request.toolChoice && { toolConfig: { functionCallingConfig: { mode: "NONE" } } }),
    }),
    generationConfig: {
      ...(temperature !== undefined && { temperature }),
      ...(maxOutputTokens !== undefined && { maxOutputTokens }),
      ...(schema && { responseMimeType: "application/json", responseJsonSchema: schema }),
    },
  });
};

const createDecoder = (config: ModelConfig): WireDecoder => {
  let reason: FinishReason | undefined;
  let called = false;
  let usage: Usage = { input_tokens: 0, output_tokens: 0, total_tokens: 0 };

  return {
    event(data, deltas) {
      const chunk = parseObject(data);
      if (!chunk) throw malformedEventError(config);
      if (chunk.error) throw eventError(config, chunk.error);
      if (isObject(chunk.usageMetadata)) {
        const { promptTokenCount, candidatesTokenCount, thoughtsTokenCount, totalTokenCount } =
          chunk.usageMetadata;
        const input_tokens = countOf(promptTokenCount);
        const output_tokens = countOf(candidatesTokenCount) + countOf(thoughtsTokenCount);
        usage = {
          input_tokens,
          output_tokens,
          total_tokens: countOf(totalTokenCount) || input_tokens + output_tokens,
        };
      }
      if (isObject(chunk.promptFeedback) && chunk.promptFeedback.blockReason) reason = "content_filter";
      const candidate: unknown = listOf(chunk.candidates)[0];
      if (!isObject(candidate)) return;
      const parts = isObject(candidate.content) ? listOf(candidate.content.parts) : [];
      for (const part of parts) {
        if (!isObject(part)) continue;
        const text = textOf(part.text);
        if (text) deltas.push({ type: part.thought === true ? "reasoning" : "text", text });
        if (isObject(part.functionCall)) {
          called = true;
          const { name, args, id } = part.functionCall;
          const signature = textOf(part.thoughtSignature);
          deltas.push({
            type: "tool_call",
            // The API pairs calls and results by their order and name, and mostly gives no ids.
            id: textOf(id) || `call_${crypto.randomUUID()}`,
            name: textOf(name),
            arguments: JSON.stringify(args ?? {}),
            ...(signature && { signature }),
          });
        }
      }
      const finish = textOf(candidate.finishReason);
      if (finish) reason = finishReasons.get(finish) ?? "other";
    },

    // No event marks the end: the usage may follow the reason.
    end(deltas) {
      if (!reason) return;
      deltas.push({
        type: "finish",
        reason: called && reason === "stop" ? "tool_calls" : reason,
        usage,
        model: config.id,
      });
    },
  };
};

/** A model behind Google's generateContent. */
export const createGoogleModel = (config: ModelConfig, http: HttpClient): Model => {
  const url = endpoint(
    config,
    config.settings.baseUrl ?? "https://generativelanguage.googleapis.com/v1beta",
    `models/${encodeURIComponent(config.name)}:streamGenerateContent?alt=sse`,
  );
  const headers = {
    ...(config.apiKey && { "x-goog-api-key": config.apiKey }),
  };
  return wireModel({ config, http, url, headers, requestBody, createDecoder });
};
