import { backoff } from "@muxi/http";
import type { Logger } from "pino";
import { createWorker, type Worker } from "../base/index.ts";
import { type EmbeddingModel, ModelError } from "../models/index.ts";
import type { KnowledgeRepository, KnowledgeVectorRepository, UnembeddedPassage } from "../store/index.ts";
import { binaryCodeOf, packed } from "../vectors/index.ts";
import { shortDigest } from "./origin.ts";
import { searchedText } from "./searched-text.ts";
import { createTurn, keepingTurn } from "./turns.ts";

/** Waits after failures of a model, in milliseconds (docs/spec/formation-files.md "Vectors of passages"). */
const embeddingWaits = { first: 1_000, longest: 600_000, jitter: 0.5 };
/** The longest wait that a model may ask for. */
const longestRetryAfter = 3_600_000;
/** How long the turn of a process to embed lasts in milliseconds, longer than a call, and when to look for it again. */
const turnLasts = 180_000;
const lookAgainAfter = 15_000;
const pauseAfterFailure = 10_000;
/** Texts that a model refuses one by one before it has made a vector, until it is taken to refuse them all. */
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

/** A text that is embedded, and the passages that it stands in. */
interface Text {
  text: string;
  digest: string;
  ids: number[];
}

const textsOf = (passages: readonly UnembeddedPassage[]): Text[] => {
  const texts = new Map<string, Text>();
  for (const { id, content, place } of passages) {
    const text = searchedText({ ...JSON.parse(place), text: content });
    const digest = shortDigest(text);
    const known = texts.get(digest);
    if (known) known.ids.push(id);
    else texts.set(digest, { text, digest, ids: [id] });
  }
  return [...texts.values()];
};

const isRefusal = (error: unknown): boolean => error instanceof ModelError && error.code === "LLM_REFUSED";

/**
 * Makes the vectors of passages in the background, those that are missing (docs/spec/formation-files.md "Vectors of
 * passages"). Each call of a model is stored before the next one, so nothing is paid for twice.
 */
export const createPassageEmbedding = (deps: EmbeddingDeps): Worker => {
  const { formationId, stored, vectors, ofAgents, now, log } = deps;
  const turn = createTurn(vectors, now, turnLasts);
  /** How often models failed in a row, and until when they are left alone, by `performance.now()`. */
  const failed = new Map<string, { times: number; until: number }>();

  /**
   * Makes the vectors that are missing. A text that the model refuses, for its length or for what it says, has none; but
   * when it refuses the first few and has made no vector of the agent, it is the model that is wrong.
   *
   * @returns The number of passages that were looked after.
   * @throws ModelError
   */
  const embedMissing = async (
    agent: string,
    seq: number,
    { model, atOnce }: AgentEmbedder,
    signal: AbortSignal,
  ): Promise<number> => {
    let count = 0;
    let refused: Text[] = [];
    const hasMadeVectors = async () => (await vectors.codes(seq, model.id, 0, 1)).length > 0;

    const put = async (texts: readonly Text[], made: readonly Float32Array[]) => {
      const rows = texts.flatMap(({ ids, digest }, place) => {
        const vector = made[place];
        const stored = vector
          ? { vector: packed(vector), code: binaryCodeOf(vector) }
          : { vector: new Uint8Array(), code: new Uint8Array() };
        return ids.map((id) => ({ id, digest, ...stored }));
      });
      await vectors.put(seq, model.id, rows);
      count += rows.length;
    };

    const putRefused = async () => {
      if (refused.length === 0) return;
      await put(refused, []);
      log.warn(
        { agent, model: model.id, passages: refused.length },
        "the model refuses passages: they are found by their words",
      );
      refused = [];
    };

    const embed = async (texts: readonly Text[]): Promise<void> => {
      const keep = () => turn.keep(seq);
      signal.throwIfAborted();
      await keep();
      try {
        const call = model.embed(
          texts.map(({ text }) => text),
          "passage",
          signal,
        );
        const made = await keepingTurn(call, keep);
        failed.delete(model.id);
        await put(texts, made);
      } catch (error) {
        if (!isRefusal(error)) throw error;
        if (texts.length > 1) {
          const half = Math.ceil(texts.length / 2);
          await embed(texts.slice(0, half));
          return embed(texts.slice(half));
        }
        refused.push(...texts);
        if (refused.length >= mostRefused && !(await hasMadeVectors())) throw error;
      }
    };

    for (let after = 0; ; ) {
      signal.throwIfAborted();
      await turn.keep(seq);
      const missing = await vectors.missing(seq, model.id, after, Math.min(atOnce, model.mostTexts));
      if (missing.length === 0) break;
      after = missing.at(-1)?.id ?? after;
      const texts = textsOf(missing);
      const reused = await vectors.reuse(
        seq,
        texts.flatMap(({ ids, digest }) => ids.map((id) => ({ id, digest }))),
      );
      const known = new Set(reused.flatMap((row) => (row.model === model.id ? [row.digest] : [])));
      const unknown = texts.filter(({ digest }) => !known.has(digest));
      if (unknown.length > 0) await embed(unknown);
      if (refused.length > 0 && (await hasMadeVectors())) await putRefused();
    }
    await putRefused();
    return count;
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
      const asked = Math.min((error.retryAfter ?? 0) * 1_000, longestRetryAfter);
      const wait = Math.max(backoff(times, embeddingWaits), asked);
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
