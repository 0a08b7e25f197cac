import type { ModelConfig } from "@muxi/formation";
import type { HttpClient } from "@muxi/http";
import { createBuiltInModel } from "./built-in/index.ts";
import type { Model } from "./interface/index.ts";
import {
  compatibleProviders,
  createAiSdkModel,
  createOpenAiCompatibleModel,
  type ImportPackage,
  ownApis,
} from "./providers/index.ts";
import { type ResilienceDeps, withRetries } from "./resilient.ts";

export interface ModelDeps extends ResilienceDeps {
  /** The connections to all providers, shared by all models. */
  http: HttpClient;
  /** Loads an `@ai-sdk/*` package. Default: from those installed with this program. */
  importPackage?: ImportPackage;
}

const createAdapter = (config: ModelConfig, deps: ModelDeps): Model => {
  const { provider, settings } = config;
  const createOwn = ownApis.get(provider);
  if (createOwn) return createOwn(config, deps.http);
  if (Object.hasOwn(compatibleProviders, provider) || settings.baseUrl !== undefined) {
    return createOpenAiCompatibleModel(config, deps.http);
  }
  return createAiSdkModel(config, deps.importPackage);
};

/**
 * The model that a formation configures, with its retries and its fallback (docs/spec/formation-files.md "Providers").
 *
 * @throws ApiError `INVALID_PARAMETER` when its `base_url` is not a URL
 * @example
 * const model = createModel(config, { http: createHttpClient(), log });
 * for await (const deltas of model.stream({ messages }, signal)) …
 */
export const createModel = (config: ModelConfig, deps: ModelDeps): Model => {
  if (config.provider === "builtin") return createBuiltInModel();
  const fallback = config.fallback && createModel(config.fallback, deps);
  return withRetries(config, createAdapter(config, deps), fallback, deps);
};
