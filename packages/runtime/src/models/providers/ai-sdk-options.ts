import type { ModelConfig } from "@muxi/formation";
import { isObject, type JsonObject } from "@muxi/protocol";
import { listOf, parseObject } from "../../base/index.ts";
import type { ContentPart, ModelMessage, ModelRequest, Thoughts } from "../interface/index.ts";
import { partsOfMessage, sharedEnds } from "../interface/index.ts";
import { imagesAfterResults } from "./provider-messages.ts";

const promptPart = (part: ContentPart): JsonObject =>
  part.type === "text" ? part : { type: "file", mediaType: part.mediaType, data: part.data };

const thoughtParts = (model: string, thoughts: Thoughts | undefined): JsonObject[] =>
  thoughts?.model === model
    ? listOf(thoughts.data.parts)
        .filter(isObject)
        .map((part) => ({ type: "reasoning", ...part }))
    : [];

const promptMessage = (model: string, message: ModelMessage): JsonObject => {
  const { role, content } = message;
  switch (role) {
    case "system":
      return { role, content };
    case "user":
      return { role, content: partsOfMessage(message).map(promptPart) };
    case "tool": {
      const { toolCallId, name: toolName } = message;
      const output = { type: "text", value: content };
      return { role, content: [{ type: "tool-result", toolCallId, toolName, output }] };
    }
    case "assistant": {
      const calls = (message.toolCalls ?? []).map((call) => ({
        type: "tool-call",
        toolCallId: call.id,
        toolName: call.name,
        input: parseObject(call.arguments) ?? {},
      }));
      const text = content === "" ? [] : [{ type: "text", text: content }];
      return { role, content: [...thoughtParts(model, message.thoughts), ...text, ...calls] };
    }
  }
};

/** A mark up to which Anthropic caches. Packages read what is said to their own provider alone. */
const cacheMark = { providerOptions: { anthropic: { cacheControl: { type: "ephemeral" } } } };

const isAnthropic = ({ provider, name }: ModelConfig) => /anthropic|claude/.test(`${provider}/${name}`);

/** The options of a package's `doStream`. */
export const callOptions = (config: ModelConfig, request: ModelRequest, abortSignal: AbortSignal) => {
  const { id, settings } = config;
  const temperature = request.settings?.temperature ?? settings.temperature;
  const maxOutputTokens = request.settings?.maxTokens ?? settings.maxTokens;
  const schema = request.settings?.jsonSchema;
  const isMarked = isAnthropic(config);
  // Most packages write a result that has more than text into the prompt as JSON, its images too.
  const messages = imagesAfterResults(request.messages);
  const ends = isMarked ? sharedEnds(messages) : new Set();
  return {
    prompt: messages.map((message) => ({
      ...promptMessage(id, message),
      ...(ends.has(message) && cacheMark),
    })),
    ...(request.tools?.length && {
      tools: request.tools.map((tool) => ({
        type: "function",
        name: tool.name,
        description: tool.description,
        inputSchema: tool.parameters,
        ...(isMarked && tool === request.tools?.at(-1) && cacheMark),
      })),
      toolChoice: { type: request.toolChoice ?? "auto" },
    }),
    ...(temperature !== undefined && { temperature }),
    ...(maxOutputTokens !== undefined && { maxOutputTokens }),
    ...(schema && { responseFormat: { type: "json", schema } }),
    abortSignal,
  };
};
