import { setTimeout as delay } from "node:timers/promises";
import type { ModelConfig } from "@muxi/formation";
import { ModelError } from "./errors.ts";
import type { Model, ModelRequest } from "./model.ts";

export interface ResilienceDeps {
  /** Told of each failure that a further try or another model may still make good. */
  log: { warn(details: object, message: string): void };
  /** 0 to 1. Default: `Math.random`. */
  random?: () => number;
  /** Waits; throws when `signal` aborts. */
  wait?: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

const firstDelay = 500;
const longestDelay = 8_000;

/** Waits double from half a second on, less up to half of it, so that clients do not come back in step. */
const backoff = (attempt: number, random: () => number): number =>
  Math.min(firstDelay * 2 ** attempt, longestDelay) * (1 - random() / 2);

const sleep = async (milliseconds: number, signal: AbortSignal): Promise<void> => {
  await delay(milliseconds, undefined, { signal });
};

/**
 * Asks a model again after a transient failure, then its fallback (contract/formation.md 2.4). As soon as a part
 * of an answer was handed on, a failure is final: nobody can take a part back.
 */
export const withRetries = (
  config: ModelConfig,
  model: Model,
  fallback: Model | undefined,
  { log, random = Math.random, wait = sleep }: ResilienceDeps,
): Model => {
  const { maxRetries, timeoutSeconds } = config.settings;

  /** Milliseconds until the next try, or undefined when there is none. */
  const nextTry = (error: ModelError, attempt: number): number | undefined => {
    if (!error.transient || attempt >= maxRetries) return undefined;
    if (error.retryAfter === undefined) return backoff(attempt, random);
    return error.retryAfter <= timeoutSeconds ? error.retryAfter * 1000 : undefined;
  };

  async function* stream(request: ModelRequest, signal: AbortSignal) {
    for (let attempt = 0; ; attempt++) {
      let delivered = false;
      try {
        for await (const deltas of model.stream(request, signal)) {
          delivered = true;
          yield deltas;
        }
        return;
      } catch (error) {
        if (delivered || signal.aborted || !(error instanceof ModelError)) throw error;
        const pause = nextTry(error, attempt);
        if (pause !== undefined) {
          log.warn(
            { err: error, model: model.id, attempt: attempt + 1 },
            "The model failed and is asked again",
          );
          await wait(pause, signal).catch(() => signal.throwIfAborted());
        } else if (fallback) {
          log.warn(
            { err: error, model: model.id, fallback: fallback.id },
            "The model failed; its fallback is asked",
          );
          yield* fallback.stream(request, signal);
          return;
        } else {
          throw error;
        }
      }
    }
  }

  return { id: model.id, stream };
};
