import { hash } from "node:crypto";
import { LRUCache } from "lru-cache";
import {
  type Model,
  type ModelDelta,
  type ModelMessage,
  type ModelRequest,
  noUsage,
} from "./interface/index.ts";

export interface AnswerCacheSettings {
  maxEntries: number;
  /** Time to live of an answer, in milliseconds. */
  ttl: number;
  now: () => number;
}

/** Caches models' answers to identical questions (docs/spec/formation-files.md "Answer cache"). */
export interface AnswerCache {
  /**
   * The model behind the cache.
   *
   * @param scope Further part of the cache key, besides model and question.
   */
  around(model: Model, scope: string): Model;
}

interface Kept {
  pieces: string[];
  model: string;
}

/** A cached answer is streamed sentence by sentence. */
const piecesOf = (text: string): string[] => text.split(/(?<=[.!?]\s|\n)/);

/** The text of a complete answer without tool calls: only that can be cached. */
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

/** Questions that differ in the time of day alone share an answer. */
const withoutClock = (message: ModelMessage): ModelMessage =>
  message.role === "user" && message.context
    ? { ...message, context: { ...message.context, clock: "" } }
    : message;

/** Keeps the most recently used answers. */
export const createAnswerCache = ({ maxEntries, ttl, now }: AnswerCacheSettings): AnswerCache => {
  // The library reads a `ttl` of 0 as no limit.
  if (ttl === 0) return { around: (model) => model };
  const entries = new LRUCache<string, Kept>({
    // Not `max`, for which the library reserves the memory of all entries at once.
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
