import type { Model, ModelDelta, ModelRequest } from "../interface/index.ts";
import { plainText, usageOf } from "../interface/index.ts";
import { answerFrom, type ExtractiveReply } from "./extract.ts";

/** Id of the built-in model. */
export const builtInModelId = "builtin/extractive";

const id = builtInModelId;
const wordsPerDelta = 4;

const countWords = (text: string): number => text.match(/\S+/g)?.length ?? 0;

const deltasOf = ({ text, toolCall }: ExtractiveReply, request: ModelRequest): ModelDelta[] => {
  const words = text.split(/(?<=\s)(?=\S)/);
  const groups = Array.from({ length: Math.ceil(words.length / wordsPerDelta) }, (_, index) =>
    words.slice(index * wordsPerDelta, (index + 1) * wordsPerDelta).join(""),
  ).filter((group) => group !== "");
  const input = request.messages.reduce((sum, { content }) => sum + countWords(plainText(content)), 0);
  return [
    ...groups.map((group): ModelDelta => ({ type: "text", text: group })),
    ...(toolCall ? [{ type: "tool_call" as const, ...toolCall }] : []),
    {
      type: "finish",
      reason: toolCall ? "tool_calls" : "stop",
      usage: usageOf({ input, output: countWords(text) }),
      model: id,
    },
  ];
};

/**
 * The model that needs no key and no weights: it quotes the user's messages and the documents, and explains itself
 * when nothing fits. The same request always gets the same answer. Its usage counts words.
 */
export const createBuiltInModel = (): Model => ({
  id,
  async *stream(request, signal) {
    for (const delta of deltasOf(answerFrom(request), request)) {
      signal.throwIfAborted();
      yield [delta];
    }
  },
});
