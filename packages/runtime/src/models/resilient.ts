import { setTimeout as delay } from "node:timers/promises";
import type { ModelConfig } from "@muxi/formation";
import { backoff } from "@muxi/http";
import type { Model, ModelDelta, ModelRequest } from "./interface/index.ts";
import { EmptyAnswerError, ModelError } from "./interface/index.ts";

export interface ResilienceDeps {
  /** Told of each failure that is retried or passed to a fallback model. */
  log: { warn(details: object, message: string): void };
  /** 0 to 1. Default: `Math.random`. */
  random?: () => number;
  /** Waits; throws when `signal` aborts. */
  wait?: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

/** Waits before a model is asked again, in milliseconds (docs/spec/formation-files.md "Retries and fallback"). */
const modelWaits = { first: 500, longest: 8_000, jitter: 0.5 };

/** Milliseconds of all waits of a call that a provider asks for, from the second one on. */
const longestAskedWaits = 10_000;

const sleep = async (milliseconds: number, signal: AbortSignal): Promise<void> => {
  await delay(milliseconds, undefined, { signal });
};

/** Whether a delta is more than thoughts and blank lines. */
const isAnswer = (delta: ModelDelta): boolean =>
  delta.type === "text" ? delta.text.trim() !== "" : delta.type !== "reasoning";

/**
 * An answer whose first batch is retried until it comes; later batches come straight from their model. An empty answer is
 * begun again once, even if it has streamed reasoning or blank lines.
 */
class RetriedStream implements AsyncIterableIterator<ModelDelta[]> {
  readonly #begin: () => Promise<BegunStream>;
  #parts: AsyncIterator<ModelDelta[]> | undefined;
  #isAnswering = false;
  #isOver = false;
  #mayBeginAgain = true;

  constructor(begin: () => Promise<BegunStream>) {
    this.#begin = begin;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<ModelDelta[]>> {
    return this.#isAnswering && this.#parts ? this.#parts.next() : this.#untilItAnswers();
  }

  async return(): Promise<IteratorResult<ModelDelta[]>> {
    this.#isOver = true;
    await this.#parts?.return?.();
    return { value: undefined, done: true };
  }

  async #untilItAnswers(): Promise<IteratorResult<ModelDelta[]>> {
    if (this.#isOver) return { value: undefined, done: true };
    try {
      const part = this.#parts ? await this.#parts.next() : await this.#first();
      this.#isAnswering = part.done === true || part.value.some(isAnswer);
      return part;
    } catch (error) {
      if (!(error instanceof EmptyAnswerError) || !this.#parts || !this.#mayBeginAgain) throw error;
      this.#mayBeginAgain = false;
      return this.#first();
    }
  }

  async #first(): Promise<IteratorResult<ModelDelta[]>> {
    const { first, parts } = await this.#begin();
    this.#parts = parts;
    return first;
  }
}

interface BegunStream {
  first: IteratorResult<ModelDelta[]>;
  parts: AsyncIterator<ModelDelta[]>;
}

const begin = async (model: Model, request: ModelRequest, signal: AbortSignal): Promise<BegunStream> => {
  const parts = model.stream(request, signal)[Symbol.asyncIterator]();
  return { first: await parts.next(), parts };
};

/**
 * Asks a model again after a transient failure, then its fallback (docs/spec/formation-files.md
 * "Retries and fallback"). Once a part of an answer was delivered, a failure is final: it cannot be taken back.
 */
export const withRetries = (
  config: ModelConfig,
  model: Model,
  fallback: Model | undefined,
  { log, random = Math.random, wait = sleep }: ResilienceDeps,
): Model => {
  const { maxRetries, timeoutSeconds } = config.settings;

  /** Milliseconds until the next try, or undefined when there is none. `waited`: what was waited as providers asked. */
  const nextTry = (error: ModelError, attempt: number, waited: number): number | undefined => {
    if (error instanceof EmptyAnswerError && attempt === 0) return 0;
    if (!error.transient || attempt >= maxRetries) return undefined;
    if (error.retryAfter === undefined) return backoff(attempt + 1, { ...modelWaits, random });
    const pause = error.retryAfter * 1000;
    // The caller does better with a 429 than with a chat that is silent for the third time.
    const limit = waited === 0 ? timeoutSeconds * 1000 : longestAskedWaits;
    return waited + pause <= limit ? pause : undefined;
  };

  const beginWithRetries = async (request: ModelRequest, signal: AbortSignal): Promise<BegunStream> => {
    let waited = 0;
    for (let attempt = 0; ; attempt++) {
      try {
        return await begin(model, request, signal);
      } catch (error) {
        if (signal.aborted || !(error instanceof ModelError)) throw error;
        const pause = nextTry(error, attempt, waited);
        if (pause !== undefined) {
          log.warn(
            { err: error, model: model.id, attempt: attempt + 1 },
            "the model failed and is asked again",
          );
          if (error.retryAfter !== undefined) waited += pause;
          await wait(pause, signal).catch(() => signal.throwIfAborted());
        } else if (fallback) {
          log.warn(
            { err: error, model: model.id, fallback: fallback.id },
            "the model failed; its fallback is asked",
          );
          return begin(fallback, request, signal);
        } else {
          throw error;
        }
      }
    }
  };

  return {
    id: model.id,
    stream: (request, signal) => new RetriedStream(() => beginWithRetries(request, signal)),
  };
};
