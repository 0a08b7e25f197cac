import type { ModelConfig } from "@muxi/formation";
import { lazy } from "@muxi/protocol";
import * as z from "zod";
import { startTimeLimit } from "../../base/index.ts";
import { ModelError, timeoutError } from "../interface/index.ts";
import { failureOfPackage, type ImportPackage, isFunction, loadProvider } from "../providers/index.ts";
import { type EmbeddingModel, noVectorsError } from "./embedding-model.ts";

/** Texts of a call where the package does not say how many it takes. */
const usualTexts = 50;

const answerSchema = lazy(() => z.object({ embeddings: z.array(z.array(z.number()).min(1)) }));

/**
 * The embedding model of a package, by today's name of its maker or by older ones.
 *
 * @throws ModelError when its package is missing or makes no embeddings
 */
export const loadEmbedding = async (config: ModelConfig, importPackage: ImportPackage) => {
  const { provider, packageName } = await loadProvider(config, importPackage);
  for (const maker of ["embeddingModel", "textEmbeddingModel", "embedding"]) {
    const make = provider[maker];
    const model: unknown = isFunction(make) ? Reflect.apply(make, provider, [config.name]) : undefined;
    if (typeof model !== "object" || model === null || !("doEmbed" in model)) continue;
    const { doEmbed } = model;
    if (!isFunction(doEmbed)) continue;
    const most: unknown = "maxEmbeddingsPerCall" in model ? await model.maxEmbeddingsPerCall : undefined;
    return {
      doEmbed: (options: object) => Reflect.apply(doEmbed, model, [options]),
      mostTexts: typeof most === "number" && most >= 1 ? most : usualTexts,
    };
  }
  throw new ModelError(
    "LLM_NOT_CONFIGURED",
    `The package ${packageName} makes no embeddings: name a model of another provider for ${config.id}`,
  );
};

/** An embedding model of any other provider, through its `@ai-sdk/*` package, which is loaded by the first call. */
export const createAiSdkEmbedding = (config: ModelConfig, importPackage: ImportPackage): EmbeddingModel => {
  let loading: ReturnType<typeof loadEmbedding> | undefined;

  const embedSome = async (
    { doEmbed }: Awaited<ReturnType<typeof loadEmbedding>>,
    values: readonly string[],
    signal: AbortSignal,
  ): Promise<Float32Array[]> => {
    const limit = startTimeLimit(config.settings.timeoutSeconds * 1000, signal);
    try {
      // Not all packages obey the signal, so the wait ends here in any case.
      const stopped = new Promise<never>((_, reject) => {
        limit.signal.addEventListener("abort", () => reject(limit.signal.reason), { once: true });
      });
      const answer = await Promise.race([doEmbed({ values, abortSignal: limit.signal }), stopped]);
      const { data } = answerSchema().safeParse(answer);
      if (data?.embeddings.length !== values.length) throw noVectorsError(config);
      return data.embeddings.map((vector) => Float32Array.from(vector));
    } catch (error) {
      signal.throwIfAborted();
      if (limit.isOver) throw timeoutError(config);
      throw failureOfPackage(config, error);
    } finally {
      limit.end();
    }
  };

  return {
    id: config.id,
    mostTexts: usualTexts,
    async embed(texts, _, signal) {
      signal.throwIfAborted();
      loading ??= loadEmbedding(config, importPackage).catch((error: unknown) => {
        loading = undefined;
        throw error;
      });
      const model = await loading;
      const vectors: Float32Array[] = [];
      for (let at = 0; at < texts.length; at += model.mostTexts) {
        vectors.push(...(await embedSome(model, texts.slice(at, at + model.mostTexts), signal)));
      }
      return vectors;
    },
  };
};
