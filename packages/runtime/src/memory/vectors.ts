import { setImmediate as nextTurn } from "node:timers/promises";
import type { Logger } from "pino";
import { createWorker, firstOf } from "../base/index.ts";
import type { EmbeddingModel, VectorOfQuestion } from "../models/index.ts";
import type { Space, VectorRepository } from "../store/index.ts";
import {
  binaryCodeOf,
  type Codes,
  createCodes,
  createCompare,
  nearestOf,
  normalised,
  packed,
  type Similar,
} from "../vectors/index.ts";
import { pace } from "./pace.ts";

/** Search by meaning among the memories that have a vector of the formation's embedding model. */
export interface VectorSearch {
  /** The memories nearest in meaning, best first. None when the embedding model does not answer in time. */
  nearest(spaces: readonly Space[], text: string, limit: number): Promise<number[]>;
  /** Says that there may be memories without a vector: they get theirs in the background. */
  wake(): void;
  close(): Promise<void>;
}

const batchSize = 64;
/** Codes to read before other requests get their turn. */
const codesPerRead = 2_000;
/** How many of the nearest by code to compare exactly, at most. */
const compared = 128;
/** Two texts with a smaller cosine are unrelated, whatever the model. */
const leastSimilarity = 0.2;

/** The most similar, best first. */
const mostSimilar = (found: readonly Similar[], limit: number): number[] =>
  firstOf(found, limit, (a, b) => b.similarity - a.similarity).map(({ id }) => id);

export const createVectorSearch = (deps: {
  formationId: string;
  model: EmbeddingModel;
  vectorOf: VectorOfQuestion;
  vectors: VectorRepository;
  /**
   * Most bytes of codes to hold in memory (docs/spec/formation-files.md "Manifest: memory",
   * `working.max_memory_mb`).
   */
  maxBytes: number;
  log: Logger;
}): VectorSearch => {
  const { formationId, model, vectorOf, vectors, log } = deps;
  const compare = createCompare();
  const loaded = new Map<Space, Codes>();
  const loading = new Map<Space, Promise<Codes>>();

  const forgetLeastUsed = () => {
    let bytes = 0;
    for (const codes of loaded.values()) bytes += codes.bytes;
    for (const [space, codes] of loaded) {
      if (bytes <= deps.maxBytes || loaded.size === 1) return;
      loaded.delete(space);
      bytes -= codes.bytes;
    }
  };

  const load = async (space: Space): Promise<Codes> => {
    const codes = loaded.get(space) ?? createCodes(compare);
    while (true) {
      const rows = await vectors.codes(space, model.id, codes.lastSeq, codesPerRead);
      codes.add(rows);
      if (rows.length < codesPerRead) break;
      await nextTurn();
    }
    loaded.delete(space);
    loaded.set(space, codes);
    forgetLeastUsed();
    return codes;
  };

  /** The codes of a space, with those that this or any other process has added since the last time. */
  const current = (space: Space): Promise<Codes> => {
    const running = loading.get(space);
    if (running) return running;
    const work = load(space).finally(() => loading.delete(space));
    loading.set(space, work);
    return work;
  };

  const embedMissing = async (signal: AbortSignal): Promise<undefined> => {
    while (!signal.aborted) {
      const missing = await vectors.missing(formationId, model.id, Math.min(batchSize, model.mostTexts));
      if (missing.length === 0) return;
      const made = await model.embed(
        missing.map(({ content }) => content),
        "passage",
        signal,
      );
      await vectors.put(
        model.id,
        missing.map((memory, index) => {
          const vector = made[index] ?? new Float32Array();
          return { memory, vector: packed(vector), code: binaryCodeOf(vector) };
        }),
      );
    }
  };

  const worker = createWorker({ what: "embedding memories", look: embedMissing, ...pace, log });

  /** The memories of a space that are nearest to a vector, best first. */
  const near = (space: Space, codes: Codes, wanted: Float32Array, limit: number) =>
    nearestOf(wanted, codes.nearest(wanted, compared), (ids) => vectors.vectors(space, ids), {
      limit,
      least: leastSimilarity,
    });

  return {
    async nearest(spaces, text, limit) {
      // Without memories there is no call. With some, the vector and the codes are fetched at the same time.
      const isKnown = spaces.some((space) => (loaded.get(space)?.size ?? 0) > 0);
      const early = isKnown ? vectorOf(model, text) : undefined;
      const all = await Promise.all(spaces.map(async (space) => ({ space, codes: await current(space) })));
      const filled = all.filter(({ codes }) => codes.size > 0);
      if (filled.length === 0) return [];
      const vector = await (early ?? vectorOf(model, text));
      if (!vector) return [];
      const wanted = normalised(vector);
      const read = await Promise.all(
        filled.map(async ({ space, codes }) => {
          const { best, areGone } = await near(space, codes, wanted, limit);
          if (!areGone) return best;
          // Most of these memories are deleted, and probably others too: their codes hide the rest.
          loaded.delete(space);
          return (await near(space, await current(space), wanted, limit)).best;
        }),
      );
      return mostSimilar(read.flat(), limit);
    },
    wake: () => worker.wake(),
    close: () => worker.close(),
  };
};
