import { hash } from "node:crypto";
import { LRUCache } from "lru-cache";
import type { Model, ModelDelta, ModelMessage, ModelRequest } from "./interface/index.ts";

export interface AnswerCacheSettings {
  maxEntries: number;
  /** How long an answer is given again, in milliseconds. */
  ttl: number;
  now: () => number;
}

/** Answers of models, given again to the very same question (docs/spec/formation-files.md "Answer cache"). */
export interface AnswerCache {
  /**
   * The model, asked only what it was not asked before.
   *
   * @param scope What else than the question tells its answers from those of other models.
   */
  around(model: Model, scope: string): Model;
}

interface Kept {
  pieces: string[];
  model: string;
}

const noUsage = { input_tokens: 0, output_tokens: 0, total_tokens: 0 };

/** A kept answer comes sentence by sentence. */
const piecesOf = (text: string): string[] => text.split(/(?<=[.!?]\s|\n)/);

/** An answer of one piece, without calls: what belongs to the conversation alone and can be said again. */
const answerIn = (deltas: readonly ModelDelta[]): { text: string; model: string } | undefined => {
  let text = "";
  for (const delta of deltas) {
    if (delta.type === "tool_call") return undefined;
    if (delta.type === "text") text += delta.text;
    else if (delta.type === "finish")
      return delta.reason === "stop" && text !== "" ? { text, model: delta.model } : undefined;
  }
  return undefined;
};

/** A question that is asked again at another time of the day is the same. */
const withoutClock = (message: ModelMessage): ModelMessage =>
  message.role === "user" && message.context
    ? { ...message, context: { ...message.context, clock: "" } }
    : message;

/** Keeps the answers that were used last. */
export const createAnswerCache = ({ maxEntries, ttl, now }: AnswerCacheSettings): AnswerCache => {
  // It would take 0 for no limit.
  if (ttl === 0) return { around: (model) => model };
  const entries = new LRUCache<string, Kept>({
    // Not `max`, for which it would take the memory of all entries at once.
    maxSize: maxEntries,
    sizeCalculation: () => 1,
    ttl,
    perf: { now },
    ttlResolution: 0,
  });

  const keep = (key: string, deltas: readonly ModelDelta[]) => {
    const answer = answerIn(deltas);
    if (answer) entries.set(key, { pieces: piecesOf(answer.text), model: answer.model });
  };

  return {
    around: (model, scope) => ({
      id: model.id,
      async *stream(request: ModelRequest, signal: AbortSignal) {
        const { messages, tools, toolChoice, settings } = request;
        const key = hash(
          "sha256",
          JSON.stringify([model.id, scope, messages.map(withoutClock), tools, toolChoice, settings]),
        );
        const kept = entries.get(key);
        if (kept) {
          yield [
            ...kept.pieces.map((text): ModelDelta => ({ type: "text", text })),
            { type: "finish", reason: "stop", usage: noUsage, model: kept.model },
          ];
          return;
        }
        const heard: ModelDelta[] = [];
        for await (const deltas of model.stream(request, signal)) {
          heard.push(...deltas);
          yield deltas;
        }
        keep(key, heard);
      },
    }),
  };
};
