import type { ModelConfig } from "@muxi/formation";
import type { HttpClient } from "@muxi/http";
import { ApiError } from "@muxi/protocol";
import { type ImportPackage, ownApis } from "../providers/index.ts";
import { createAiSdkEmbedding } from "./ai-sdk-embedding.ts";
import { createApiEmbedding } from "./api-embedding.ts";
import { embeddingApiOf } from "./embedding-apis.ts";
import type { EmbeddingModel } from "./embedding-model.ts";
import { createLocalEmbedding, type LocalModels } from "./local-embedding.ts";

export interface EmbeddingModelDeps {
  http: HttpClient;
  /** Loads the package of a provider. */
  importPackage: ImportPackage;
  local: LocalModels;
}

/**
 * The embedding model that a formation configures (docs/spec/formation-files.md "Providers").
 *
 * @throws ApiError `INVALID_PARAMETER` when its provider makes no embeddings, or its `base_url` is not a URL
 */
export const createEmbeddingModel = (
  config: ModelConfig,
  { http, importPackage, local }: EmbeddingModelDeps,
): EmbeddingModel => {
  if (config.provider === "local") return createLocalEmbedding(config, local);
  const api = embeddingApiOf(config.provider, config.settings.baseUrl !== undefined);
  if (!api && (ownApis.has(config.provider) || config.provider === "builtin")) {
    throw new ApiError(
      "INVALID_PARAMETER",
      `${config.id} cannot make embeddings: ${config.provider} has none. Name a model of another provider, or set settings.base_url`,
    );
  }
  return api ? createApiEmbedding(config, api, http) : createAiSdkEmbedding(config, importPackage);
};
