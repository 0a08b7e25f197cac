/** Language models behind one interface: providers over HTTP, and the built-in model that needs none. */

export { parseObject } from "../base/json.ts";
export { type AnswerCache, createAnswerCache } from "./answer-cache.ts";
export { createModel, type ModelDeps } from "./create-model.ts";
export { defaultModelConfig } from "./default-model.ts";
export { createEmbeddingModel, type EmbeddingModel } from "./embedding.ts";
export { plainText } from "./interface/content.ts";
export { ModelError, refusesTools } from "./interface/errors.ts";
export type * from "./interface/model.ts";
export { textFrom } from "./text-from.ts";
export { createTranscriptionModel, type TranscriptionModel } from "./transcription.ts";
