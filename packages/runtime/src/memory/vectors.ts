import type { Logger } from "pino";
import type { EmbeddingModel } from "../models/index.ts";
import type { Space, VectorRepository } from "../store/index.ts";
import { createBackground } from "./background.ts";
import { codeOf, createCodes, type SpaceCodes } from "./codes.ts";

/** Search by meaning, over the memories that have a vector of the formation's embedding model. */
export interface VectorSearch {
  /** The memories nearest in meaning, best first; none when the embedding model does not answer in time. */
  nearest(spaces: readonly Space[], text: string, limit: number): Promise<number[]>;
  /** There may be memories without a vector: they get theirs in the background. */
  wake(): void;
  close(): Promise<void>;
}

/** What an answer may wait for the vector of its question, in milliseconds. */
const patience = 1_500;
const batchSize = 64;
/** Codes that are read before other requests get their turn. */
const codesPerRead = 5_000;
/** The nearest by code that are compared exactly. */
const compared = 128;
/** Cosine below which two texts have nothing to do with each other, whatever the model. */
const leastSimilarity = 0.2;

const asFloats = (bytes: Uint8Array): Float32Array => {
  const aligned = bytes.byteOffset % Float32Array.BYTES_PER_ELEMENT === 0 ? bytes : bytes.slice();
  return new Float32Array(
    aligned.buffer,
    aligned.byteOffset,
    aligned.byteLength / Float32Array.BYTES_PER_ELEMENT,
  );
};

/** Four sums that do not wait for one another: three times as fast as one. */
const dot = (a: Float32Array, b: Float32Array): number => {
  let [first, second, third, fourth] = [0, 0, 0, 0];
  for (let index = 0; index < a.length; index += 4) {
    first += (a[index] ?? 0) * (b[index] ?? 0);
    second += (a[index + 1] ?? 0) * (b[index + 1] ?? 0);
    third += (a[index + 2] ?? 0) * (b[index + 2] ?? 0);
    fourth += (a[index + 3] ?? 0) * (b[index + 3] ?? 0);
  }
  return first + second + third + fourth;
};

const normalised = (vector: Float32Array): Float32Array => {
  const length = Math.sqrt(dot(vector, vector)) || 1;
  return vector.map((value) => value / length);
};

export const createVectorSearch = (deps: {
  formationId: string;
  model: EmbeddingModel;
  vectors: VectorRepository;
  /** Bytes of codes that are held in memory (contract/formation.md 2.7, `working.max_memory_mb`). */
  maxBytes: number;
  log: Logger;
}): VectorSearch => {
  const { formationId, model, vectors, log } = deps;
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
    const codes = loaded.get(space) ?? createCodes();
    while (true) {
      const rows = await vectors.codes(space, model.id, codes.lastSeq, codesPerRead);
      codes.add(rows);
      if (rows.length < codesPerRead) break;
    }
    loaded.delete(space);
    loaded.set(space, codes);
    forgetLeastUsed();
    return codes;
  };

  /** The codes of a space, with what was added since the last time by whatever process. */
  const current = (space: Space): Promise<SpaceCodes> => {
    const running = loading.get(space);
    if (running) return running;
    const work = load(space).finally(() => loading.delete(space));
    loading.set(space, work);
    return work;
  };

  const vectorOf = async (text: string): Promise<Float32Array | undefined> => {
    try {
      const [vector] = await model.embed([text], AbortSignal.timeout(patience));
      return vector && normalised(vector);
    } catch (error) {
      log.warn({ err: error, model: model.id }, "no vector for the question: memories are searched by words");
      return undefined;
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
          const vector = normalised(made[index] ?? new Float32Array());
          return { memory, vector: new Uint8Array(vector.buffer), code: codeOf(vector) };
        }),
      );
    }
  };

  const background = createBackground({ work: embedMissing, what: "embedding memories", log });

  return {
    async nearest(spaces, text, limit) {
      const filled = [];
      for (const space of spaces) {
        const codes = await current(space);
        if (codes.size > 0) filled.push({ space, codes });
      }
      // A user without memories costs no call.
      if (filled.length === 0) return [];
      const wanted = await vectorOf(text);
      if (!wanted) return [];
      const code = codeOf(wanted);
      const scored: { seq: number; similarity: number }[] = [];
      for (const { space, codes } of filled) {
        for (const { memorySeq, vector } of await vectors.vectors(space, codes.nearest(code, compared))) {
          const similarity = dot(wanted, asFloats(vector));
          if (similarity >= leastSimilarity) scored.push({ seq: memorySeq, similarity });
        }
      }
      return scored
        .sort((a, b) => b.similarity - a.similarity)
        .slice(0, limit)
        .map(({ seq }) => seq);
    },
    wake: () => background.wake(),
    close: () => background.close(),
  };
};
