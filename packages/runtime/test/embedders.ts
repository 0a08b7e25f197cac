import type { Embedders, EmbeddingModel } from "../src/models/index.ts";

/** The embedding models of a formation that names none. */
export const noEmbedders: Embedders = {
  ofMemories: undefined,
  ofAgent: () => undefined,
  named: () => undefined,
  vectorOf: async () => undefined,
};

/** An embedding model for all agents, and other models by their names. */
export const embeddersOf = (model: EmbeddingModel, ...others: readonly EmbeddingModel[]): Embedders => ({
  ...noEmbedders,
  ofAgent: () => model,
  named: (id) => others.find((other) => other.id === id),
  vectorOf: async (asked, question) =>
    (await asked.embed([question], "question", new AbortController().signal))[0],
});
