import { LRUCache } from "lru-cache";
import { startTimeLimit } from "../../base/index.ts";
import type { EmbeddingModel } from "./embedding-model.ts";

/** How long an answer waits for the vector of its message, in milliseconds. */
const patience = 1_500;
/** Milliseconds for which a model that failed is not asked again: no chat waits for it meanwhile. */
const pauseAfterFailure = 10_000;
/** Vectors that are kept: memories and documents are searched for the same message. */
const mostKept = 256;

/** The vector of a question; undefined when the model does not answer in time. */
export type VectorOfQuestion = (model: EmbeddingModel, question: string) => Promise<Float32Array | undefined>;

export const createVectorOfQuestion = (log: {
  warn(details: object, message: string): void;
}): VectorOfQuestion => {
  const kept = new LRUCache<string, Promise<Float32Array | undefined>>({ max: mostKept });
  /** Models that failed, and until when they are left alone, by `performance.now()`. */
  const failed = new Map<string, number>();

  const ask = async (model: EmbeddingModel, question: string): Promise<Float32Array | undefined> => {
    const limit = startTimeLimit(patience);
    try {
      const [vector] = await model.embed([question], "question", limit.signal);
      failed.delete(model.id);
      return vector;
    } catch (error) {
      if (!failed.has(model.id)) {
        log.warn(
          { err: error, model: model.id },
          "the message got no vector: it is searched for by words alone",
        );
      }
      failed.set(model.id, performance.now() + pauseAfterFailure);
      return undefined;
    } finally {
      limit.end();
    }
  };

  return async (model, question) => {
    const key = `${model.id} ${question}`;
    const known = kept.get(key);
    if (known) return known;
    if (performance.now() < (failed.get(model.id) ?? 0)) return undefined;
    const asked = ask(model, question);
    kept.set(key, asked);
    const vector = await asked;
    if (!vector && kept.get(key) === asked) kept.delete(key);
    return vector;
  };
};
