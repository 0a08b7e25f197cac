import { backoff } from "@muxi/http";
import type { Logger } from "pino";
import { createWorker, type Worker } from "../base/index.ts";
import { type EmbeddingModel, ModelError } from "../models/index.ts";
import type { KnowledgeRepository, KnowledgeVectorRepository, UnembeddedPassage } from "../store/index.ts";
import { binaryCodeOf, packed } from "../vectors/index.ts";
import { digestOfText, searchedText } from "./searched-text.ts";
import { createTurn } from "./turns.ts";

/** Waits after failures of a model, in milliseconds (docs/spec/formation-files.md "Vectors of passages"). */
const embeddingWaits = { first: 1_000, longest: 600_000, jitter: 0.5 };
/** How long the turn of a process to embed lasts in milliseconds, longer than a call, and when to look for it again. */
const turnLasts = 180_000;
const lookAgainAfter = 15_000;
const pauseAfterFailure = 10_000;
/** Texts that a model refuses one by one, until it is taken to refuse them all. */
const mostRefused = 3;

/** What makes the vectors of an agent's passages. */
export interface AgentEmbedder {
  model: EmbeddingModel;
  /** Most passages of a call. */
  atOnce: number;
}

export interface EmbeddingDeps {
  formationId: string;
  stored: KnowledgeRepository;
  vectors: KnowledgeVectorRepository;
  /** By the ids of agents. */
  ofAgents: ReadonlyMap<string, AgentEmbedder>;
  now: () => number;
  log: Logger;
}

interface Text {
  id: number;
  text: string;
  digest: string;
}

const textOf = ({ id, content, place }: UnembeddedPassage): Text => {
  const text = searchedText({ ...JSON.parse(place), text: content });
  return { id, text, digest: digestOfText(text) };
};

const isRefusal = (error: unknown): boolean => error instanceof ModelError && error.code === "LLM_REFUSED";

/**
 * The vectors of texts. One that a model refuses, for its length or for what it says, has none; but when it refuses the
 * first few of them, it is the model that is wrong.
 *
 * @throws ModelError
 */
const embedAll = async (
  model: EmbeddingModel,
  texts: readonly string[],
  signal: AbortSignal,
): Promise<(Float32Array | undefined)[]> => {
  let refused = 0;
  let made = 0;
  const embed = async (some: readonly string[]): Promise<(Float32Array | undefined)[]> => {
    try {
      const vectors = await model.embed(some, "passage", signal);
      made += vectors.length;
      return vectors;
    } catch (error) {
      if (!isRefusal(error)) throw error;
      if (some.length > 1) {
        const half = Math.ceil(some.length / 2);
        return [...(await embed(some.slice(0, half))), ...(await embed(some.slice(half)))];
      }
      refused += 1;
      if (made === 0 && refused >= Math.min(mostRefused, texts.length)) throw error;
      return [undefined];
    }
  };
  return embed(texts);
};

/**
 * Makes the vectors of passages in the background, those that are missing (docs/spec/formation-files.md "Vectors of
 * passages"). Each call of a model is stored before the next one, so nothing is paid for twice.
 */
export const createPassageEmbedding = (deps: EmbeddingDeps): Worker => {
  const { formationId, stored, vectors, ofAgents, now, log } = deps;
  const turn = createTurn(vectors, now, turnLasts);
  /** How often models failed in a row, and until when they are left alone, by `performance.now()`. */
  const failed = new Map<string, { times: number; until: number }>();

  const embedMissing = async (
    agent: string,
    seq: number,
    { model, atOnce }: AgentEmbedder,
    signal: AbortSignal,
  ): Promise<number> => {
    let count = 0;
    for (let after = 0; ; ) {
      signal.throwIfAborted();
      await turn.keep(seq);
      const missing = (await vectors.missing(seq, model.id, after, Math.min(atOnce, model.mostTexts))).map(
        textOf,
      );
      if (missing.length === 0) return count;
      after = missing.at(-1)?.id ?? after;
      const reused = await vectors.reuse(seq, missing);
      const known = new Set(reused.flatMap((row) => (row.model === model.id ? [row.digest] : [])));
      const texts = new Map(
        missing.filter(({ digest }) => !known.has(digest)).map(({ text, digest }) => [digest, text]),
      );
      if (texts.size === 0) continue;
      const made = await embedAll(model, [...texts.values()], signal);
      failed.delete(model.id);
      const byDigest = new Map([...texts.keys()].map((digest, place) => [digest, made[place]]));
      const embedded = missing.filter(({ digest }) => byDigest.has(digest));
      await vectors.put(
        seq,
        model.id,
        embedded.map(({ id, digest }) => {
          const vector = byDigest.get(digest);
          const isRefused = vector === undefined;
          return {
            ...{ id, digest },
            vector: isRefused ? new Uint8Array() : packed(vector),
            code: isRefused ? new Uint8Array() : binaryCodeOf(vector),
          };
        }),
      );
      count += embedded.length;
      const refused = made.filter((vector) => vector === undefined).length;
      if (refused > 0) {
        log.warn(
          { agent, model: model.id, passages: refused },
          "the model refuses passages: they are found by their words",
        );
      }
    }
  };

  /** Milliseconds after which there will be more to do. */
  const embedAgent = async (agent: string, embedder: AgentEmbedder, signal: AbortSignal) => {
    const { model } = embedder;
    const state = await stored.state(formationId, agent);
    if (!state) return undefined;
    const { seq } = state;
    if (!(await turn.take(seq))) return lookAgainAfter;
    try {
      const count = await embedMissing(agent, seq, embedder, signal);
      if (!(await vectors.serve(seq, model.id))) return 0;
      while (await vectors.clearOthers(seq, model.id)) await turn.keep(seq);
      if (count > 0) log.info({ agent, model: model.id, passages: count }, "passages got their vectors");
      return undefined;
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof ModelError)) throw error;
      const times = (failed.get(model.id)?.times ?? 0) + 1;
      const wait = Math.max(backoff(times, embeddingWaits), (error.retryAfter ?? 0) * 1_000);
      failed.set(model.id, { times, until: performance.now() + wait });
      if (times === 1) {
        log.warn(
          { err: error, agent, model: model.id },
          "passages get no vectors: they are found by their words, and the model is asked again later",
        );
      }
      return wait;
    } finally {
      await turn.leave(seq);
    }
  };

  return createWorker({
    what: "embedding documents",
    async look(signal) {
      let next: number | undefined;
      for (const [agent, embedder] of ofAgents) {
        const pause = (failed.get(embedder.model.id)?.until ?? 0) - performance.now();
        const wait = pause > 0 ? pause : await embedAgent(agent, embedder, signal);
        if (wait !== undefined) next = Math.min(wait, next ?? wait);
      }
      return next;
    },
    pauseAfterFailure,
    log,
  });
};
