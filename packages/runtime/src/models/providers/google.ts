import type { ModelConfig } from "@muxi/formation";
import type { HttpClient } from "@muxi/http";
import type { FinishReason } from "@muxi/protocol";
import { isObject, type JsonObject } from "@muxi/protocol";
import { countOf, listOf, parseObject, textOf } from "../../base/index.ts";
import type { ContentPart, Model, ModelDelta, ModelMessage, ModelRequest } from "../interface/index.ts";
import {
  cutOffError,
  emptyAnswerError,
  eventError,
  malformedEventError,
  noAnswerError,
  noUsage,
  partsOfMessage,
  usageOf,
} from "../interface/index.ts";
import { argumentsOf, wholeArguments } from "./call-arguments.ts";
import { createCallIds } from "./call-ids.ts";
import { endpoint } from "./endpoint.ts";
import { finishReasonOf } from "./finish-reason.ts";
import type { WireDecoder } from "./model-stream.ts";
import { imagesAfterResults, joinMessages } from "./provider-messages.ts";
import { wireModel } from "./wire.ts";

const filtered = [
  "SAFETY",
  "RECITATION",
  "LANGUAGE",
  "BLOCKLIST",
  "PROHIBITED_CONTENT",
  "SPII",
  "MODEL_ARMOR",
  "IMAGE_SAFETY",
  "IMAGE_RECITATION",
  "IMAGE_PROHIBITED_CONTENT",
];
/** A call that the API could not read, and so left out of the answer. */
const lostCalls = new Set(["MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS"]);

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

/** Models that refuse the calls of a step whose first one has no signature. */
const needsSignatures = /^gemini-(?:[3-9]|\d\d)/;
/** What the API takes in place of a signature for calls that another model has made. */
const foreignSignature = "skip_thought_signature_validator";

const partsOf = (model: string, message: ModelMessage): JsonObject[] => {
  switch (message.role) {
    case "tool":
      return [{ functionResponse: { name: message.name, response: { output: message.content } } }];
    case "assistant":
      return [
        ...textParts(message.content),
        ...(message.toolCalls ?? []).map((call, index) => {
          const needed = index === 0 && needsSignatures.test(model) ? foreignSignature : undefined;
          const thoughtSignature = call.signature ?? needed;
          return {
            functionCall: { name: call.name, args: parseObject(call.arguments) ?? {} },
            ...(thoughtSignature !== undefined && { thoughtSignature }),
          };
        }),
      ];
    default:
      return partsOfMessage(message).flatMap(partOf);
  }
};

const requestBody = ({ name, settings }: ModelConfig, request: ModelRequest): string => {
  const { system, messages } = joinMessages(imagesAfterResults(request.messages), (message) =>
    partsOf(name, message),
  );
  // Older models refuse a schema beside tools.
  const mayHaveSchema = !request.tools?.length || needsSignatures.test(name);
  const schema = mayHaveSchema ? request.settings?.jsonSchema : undefined;
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
            // `parameters` supports only a part of JSON Schema and refuses the rest.
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
  let reasonGiven = "";
  let said = false;
  let called = false;
  let ended = false;
  let usage = noUsage;
  const idOf = createCallIds();

  const readUsage = (metadata: JsonObject): void => {
    usage = usageOf({
      input: countOf(metadata.promptTokenCount),
      output: countOf(metadata.candidatesTokenCount) + countOf(metadata.thoughtsTokenCount),
      cached: countOf(metadata.cachedContentTokenCount),
      total: countOf(metadata.totalTokenCount),
    });
  };

  const addPart = (part: unknown, deltas: ModelDelta[]): void => {
    if (!isObject(part)) return;
    const text = textOf(part.text);
    const isThought = part.thought === true;
    if (text !== "") deltas.push({ type: isThought ? "reasoning" : "text", text });
    said ||= text.trim() !== "" && !isThought;
    if (!isObject(part.functionCall)) return;
    called = true;
    const { name, args, id } = part.functionCall;
    const signature = textOf(part.thoughtSignature);
    deltas.push({
      type: "tool_call",
      // The API matches calls and results by order and name, and usually sends no ids.
      id: idOf(textOf(id)),
      name: textOf(name),
      // Some gateways send the arguments as JSON text.
      arguments: wholeArguments(argumentsOf(args)) || "{}",
      ...(signature && { signature }),
    });
  };

  const read = (chunk: JsonObject, deltas: ModelDelta[]): void => {
    if (chunk.error) throw eventError(config, chunk.error);
    if (isObject(chunk.usageMetadata)) readUsage(chunk.usageMetadata);
    if (isObject(chunk.promptFeedback) && chunk.promptFeedback.blockReason) reason = "content_filter";
    const candidate: unknown = listOf(chunk.candidates)[0];
    if (!isObject(candidate)) return;
    const parts = isObject(candidate.content) ? listOf(candidate.content.parts) : [];
    for (const part of parts) addPart(part, deltas);
    reasonGiven = textOf(candidate.finishReason) || reasonGiven;
    if (textOf(candidate.finishReason)) reason = finishReasons.get(reasonGiven) ?? "other";
  };

  const end: WireDecoder["end"] = (deltas) => {
    // No event marks the end: the usage may follow the reason. Some gateways leave the reason out.
    if (ended || (reason === undefined && !said && !called)) return;
    ended = true;
    if (!said && !called && reason !== "content_filter") throw emptyAnswerError(config, reasonGiven);
    if (!called && lostCalls.has(reasonGiven)) throw cutOffError(config);
    deltas.push({
      type: "finish",
      reason: finishReasonOf(reason ?? "stop", called),
      usage,
      model: config.id,
    });
  };

  return {
    event(data, deltas) {
      if (ended || data.trim() === "") return;
      if (data.trim() === "[DONE]") return end(deltas);
      const chunk = parseObject(data);
      if (!chunk) throw malformedEventError(config);
      read(chunk, deltas);
    },
    whole(body, deltas) {
      read(body, deltas);
      if (reason === undefined && !said && !called) throw noAnswerError(config, body);
      end(deltas);
    },
    end,
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
