import { setImmediate as nextTurn } from "node:timers/promises";
import type { Logger } from "pino";
import { createWorker, firstOf, startTimeLimit } from "../base/index.ts";
import type { EmbeddingModel } from "../models/index.ts";
import type { Space, VectorRepository } from "../store/index.ts";
import { binaryCodeOf, createCodes, type SpaceCodes } from "./codes.ts";
import { createCompare } from "./distances.ts";
import { pace } from "./pace.ts";
import { packed, similarity } from "./packed.ts";

/** Search by meaning among the memories that have a vector of the formation's embedding model. */
export interface VectorSearch {
  /** The memories nearest in meaning, best first. None when the embedding model does not answer in time. */
  nearest(spaces: readonly Space[], text: string, limit: number): Promise<number[]>;
  /** Says that there may be memories without a vector: they get theirs in the background. */
  wake(): void;
  close(): Promise<void>;
}

/** How long an answer waits for the vector of its message, in milliseconds. */
const patience = 1_500;
const batchSize = 64;
/** Codes to read before other requests get their turn. */
const codesPerRead = 2_000;
/**
 * How many of the nearest by code to compare exactly: at a time, as long as there are good ones among them, and at
 * most.
 */
const comparedTogether = 32;
const compared = 128;
/** Two texts with a smaller cosine are unrelated, whatever the model. */
const leastSimilarity = 0.2;

const normalised = (vector: Float32Array): Float32Array => {
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0)) || 1;
  return vector.map((value) => value / length);
};

interface SimilarMemory {
  seq: number;
  similarity: number;
}

/** The most similar, best first. */
const mostSimilar = (scored: readonly SimilarMemory[], limit: number): SimilarMemory[] =>
  firstOf(
    scored.filter(({ similarity }) => similarity >= leastSimilarity),
    limit,
    (a, b) => b.similarity - a.similarity,
  );

export const createVectorSearch = (deps: {
  formationId: string;
  model: EmbeddingModel;
  vectors: VectorRepository;
  /**
   * Most bytes of codes to hold in memory (docs/spec/formation-files.md "Manifest: memory",
   * `working.max_memory_mb`).
   */
  maxBytes: number;
  log: Logger;
}): VectorSearch => {
  const { formationId, model, vectors, log } = deps;
  const compare = createCompare();
  const loaded = new Map<Space, SpaceCodes>();
  const loading = new Map<Space, Promise<SpaceCodes>>();

  const forgetLeastUsed = () => {
    let bytes = 0;
    for (const codes of loaded.values()) bytes += codes.bytes;
    for (const [space, codes] of loaded) {
      if (bytes <= deps.maxBytes || loaded.size === 1) return;
      loaded.delete(space);
      bytes -= codes.bytes;
    }
  };

  const load = async (space: Space): Promise<SpaceCodes> => {
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
  const current = (space: Space): Promise<SpaceCodes> => {
    const running = loading.get(space);
    if (running) return running;
    const work = load(space).finally(() => loading.delete(space));
    loading.set(space, work);
    return work;
  };

  const vectorOf = async (text: string): Promise<Float32Array | undefined> => {
    const limit = startTimeLimit(patience);
    try {
      const [vector] = await model.embed([text], limit.signal);
      return vector && normalised(vector);
    } catch (error) {
      log.warn(
        { err: error, model: model.id },
        "the message got no vector: memories are searched by words alone",
      );
      return undefined;
    } finally {
      limit.end();
    }
  };

  const embedMissing = async (signal: AbortSignal): Promise<undefined> => {
    while (!signal.aborted) {
      const missing = await vectors.missing(formationId, model.id, batchSize);
      if (missing.length === 0) return;
      const made = await model.embed(
        missing.map(({ content }) => content),
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
  const near = async (space: Space, codes: SpaceCodes, wanted: Float32Array, limit: number) => {
    const seqs = codes.nearest(wanted, compared);
    let best: SimilarMemory[] = [];
    let asked = 0;
    let read = 0;
    while (asked < seqs.length) {
      const found = await vectors.vectors(space, seqs.slice(asked, asked + comparedTogether));
      asked += comparedTogether;
      read += found.length;
      const scored = found.map(({ memorySeq, vector }) => ({
        seq: memorySeq,
        similarity: similarity(wanted, vector),
      }));
      best = mostSimilar([...best, ...scored], limit);
      // The rest are farther away by code.
      if (!scored.some((one) => best.includes(one))) break;
    }
    return { best, areGone: read * 2 < Math.min(asked, seqs.length) };
  };

  return {
    async nearest(spaces, text, limit) {
      // Without memories there is no call. With some, the vector and the codes are fetched at the same time.
      const isKnown = spaces.some((space) => (loaded.get(space)?.size ?? 0) > 0);
      const early = isKnown ? vectorOf(text) : undefined;
      const all = await Promise.all(spaces.map(async (space) => ({ space, codes: await current(space) })));
      const filled = all.filter(({ codes }) => codes.size > 0);
      if (filled.length === 0) return [];
      const wanted = await (early ?? vectorOf(text));
      if (!wanted) return [];
      const read = await Promise.all(
        filled.map(async ({ space, codes }) => {
          const { best, areGone } = await near(space, codes, wanted, limit);
          if (!areGone) return best;
          // Most of these memories are deleted, and probably others too: their codes hide the rest.
          loaded.delete(space);
          return (await near(space, await current(space), wanted, limit)).best;
        }),
      );
      return mostSimilar(read.flat(), limit).map(({ seq }) => seq);
    },
    wake: () => worker.wake(),
    close: () => worker.close(),
  };
};
