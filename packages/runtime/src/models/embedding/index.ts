/** Models that turn texts into vectors, behind one interface. */
export { createEmbeddingModel } from "./create-embedding.ts";
export { type Embedders, localModelsOf, openEmbedders } from "./embedders.ts";
export { embeddingApis } from "./embedding-apis.ts";
export type { EmbeddingModel } from "./embedding-model.ts";
export { lackOfEmbedding } from "./lack.ts";
export type { VectorOfQuestion } from "./question-vectors.ts";
