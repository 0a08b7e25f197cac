/** Language models behind one interface: providers over HTTP, and the built-in model that needs none. */
export { type AnswerCache, createAnswerCache } from "./answer-cache.ts";
export { plainText } from "./content.ts";
export { createModel, type ModelDeps } from "./create-model.ts";
export { defaultModelConfig } from "./default-model.ts";
export { createEmbeddingModel, type EmbeddingModel } from "./embedding.ts";
export { ModelError, refusesTools } from "./errors.ts";
export { parseObject } from "./json.ts";
export type * from "./model.ts";
export { textFrom } from "./text-from.ts";
export { createTranscriptionModel, type TranscriptionModel } from "./transcription.ts";
