import type { ModelConfig } from "@muxi/formation";
import { ModelError } from "../interface/index.ts";
import { type ImportPackage, missingKey, needsNoKey } from "../providers/index.ts";
import { loadEmbedding } from "./ai-sdk-embedding.ts";
import { embeddingApiOf } from "./embedding-apis.ts";
import { type LocalModels, lackOfLocal, localPackage, noLocalPackage } from "./local-embedding.ts";

const lackOfLocalPackage = ({ id }: ModelConfig, importPackage: ImportPackage): Promise<string | undefined> =>
  importPackage(localPackage).then(
    () => undefined,
    () => noLocalPackage(id),
  );

/** What an embedding model lacks before it can be asked; undefined when nothing. */
export const lackOfEmbedding = async (
  config: ModelConfig,
  { importPackage, local }: { importPackage: ImportPackage; local: LocalModels },
): Promise<string | undefined> => {
  const { provider, apiKey, settings } = config;
  if (provider === "local")
    return (await lackOfLocalPackage(config, importPackage)) ?? lackOfLocal(config, local);
  // A server that the formation names may want no key.
  if (settings.baseUrl !== undefined || apiKey !== undefined || needsNoKey(provider)) return undefined;
  if (embeddingApiOf(provider, false)) return missingKey(config);
  try {
    await loadEmbedding(config, importPackage);
    return undefined;
  } catch (error) {
    if (error instanceof ModelError) return error.message;
    throw error;
  }
};
