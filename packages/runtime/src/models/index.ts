/** Language models behind one interface: providers over HTTP, and the built-in model that needs none. */

export { builtInModelId } from "./built-in/index.ts";
export { createModel, type ModelDeps } from "./create-model.ts";
export { defaultModelConfig } from "./default-model.ts";
export {
  createEmbeddingModel,
  type Embedders,
  type EmbeddingModel,
  openEmbedders,
  type VectorOfQuestion,
} from "./embedding/index.ts";
export { type FormationModels, openModels } from "./formation-models.ts";
export type * from "./interface/index.ts";
export {
  ContextTooLongError,
  ModelError,
  type ModelErrorCode,
  noUsage,
  OversizeAnswerError,
  plainText,
  refusesSchema,
  refusesTools,
  sumOfUsage,
  turnStart,
  usageOf,
} from "./interface/index.ts";
export { openPrices, type PriceOf } from "./prices.ts";
export { problemsOfModels } from "./problems.ts";
export { packagesOf } from "./providers/index.ts";
export type { Reranker } from "./rerank.ts";
export { textFrom } from "./text-from.ts";
export type { TranscriptionModel } from "./transcription.ts";
export { openUnderstanding } from "./understanding.ts";
