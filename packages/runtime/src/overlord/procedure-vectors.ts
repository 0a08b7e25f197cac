import type { Sop } from "@muxi/formation";
import type { Logger } from "pino";
import { createWorker } from "../base/index.ts";
import type { EmbeddingModel, VectorOfQuestion } from "../models/index.ts";
import { normalised, packed, similarity } from "../vectors/index.ts";

/** Finds the procedure that a message means by its meaning (docs/spec/formation-files.md "Matching a procedure"). */
export interface ProcedureVectors {
  /** Has the procedures get their vectors in the background, as far as they have none. */
  follow(sops: readonly Sop[]): void;
  /** The nearest one, if it is near; none while the vectors are being made, or when the model does not answer in time. */
  nearest(message: string): Promise<Sop | undefined>;
  close(): Promise<void>;
}

/** Smallest cosine that counts. */
const leastSimilarity = 0.7;
const pauseAfterFailure = 30_000;

const textOf = ({ title, description, tags }: Sop): string =>
  [title, description, tags.join(", ")].filter((text) => text !== undefined && text !== "").join("\n");

export const createProcedureVectors = ({
  model,
  vectorOf,
  log,
}: {
  model: EmbeddingModel;
  vectorOf: VectorOfQuestion;
  log: Logger;
}): ProcedureVectors => {
  let followed: readonly Sop[] = [];
  /** Packed, by what they were made of. */
  let vectors = new Map<string, Uint8Array>();

  const worker = createWorker({
    what: "embedding procedures",
    async look(signal) {
      const wanted = new Set(followed.map(textOf));
      vectors = new Map([...vectors].filter(([text]) => wanted.has(text)));
      const missing = [...wanted].filter((text) => !vectors.has(text));
      for (let from = 0; from < missing.length; from += model.mostTexts) {
        const texts = missing.slice(from, from + model.mostTexts);
        const made = await model.embed(texts, "passage", signal);
        for (const [index, text] of texts.entries()) {
          const vector = made[index];
          if (vector) vectors.set(text, packed(vector));
        }
      }
      return undefined;
    },
    pauseAfterFailure,
    log,
  });

  return {
    follow(sops) {
      followed = sops;
      worker.wake();
    },

    async nearest(message) {
      if (vectors.size === 0) return undefined;
      const vector = await vectorOf(model, message);
      if (!vector) return undefined;
      const wanted = normalised(vector);
      let found: { sop: Sop; near: number } | undefined;
      for (const sop of followed) {
        const own = vectors.get(textOf(sop));
        const near = own ? similarity(wanted, own) : 0;
        if (near >= leastSimilarity && near > (found?.near ?? 0)) found = { sop, near };
      }
      return found?.sop;
    },

    close: () => worker.close(),
  };
};
