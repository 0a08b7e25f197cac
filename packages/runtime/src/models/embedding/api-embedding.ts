import type { ModelConfig } from "@muxi/formation";
import type { HttpClient } from "@muxi/http";
import { parseObject } from "../../base/index.ts";
import { endpoint, wholeAnswer } from "../providers/index.ts";
import type { EmbeddingApi } from "./embedding-apis.ts";
import { type EmbeddingModel, noVectorsError } from "./embedding-model.ts";

/** Characters of a text that are sent: the lowest common limit is 8,192 tokens. */
const longestText = 16_000;
const largestAnswer = 32 * 1024 * 1024;
/** Values of JSON for one text: its vector, of which models make up to 8,192 numbers, and what is said beside it. */
const mostValues = 20_000;

/**
 * An embedding model behind the API of its provider, there or anywhere else (`base_url`).
 *
 * @throws ApiError `INVALID_PARAMETER` when its `base_url` is not a URL
 */
export const createApiEmbedding = (
  config: ModelConfig,
  api: EmbeddingApi,
  http: HttpClient,
): EmbeddingModel => {
  const { id, name, apiKey, settings } = config;
  const url = endpoint(config, settings.baseUrl ?? api.baseUrl, api.path);
  const headers = {
    "content-type": "application/json",
    ...(apiKey && { authorization: `Bearer ${apiKey}` }),
  };
  const timeout = settings.timeoutSeconds * 1000;

  return {
    id,
    mostTexts: api.mostTexts,
    async embed(texts, as, signal) {
      const sent = texts.map((text) => text.slice(0, longestText));
      const text = await wholeAnswer(
        http,
        {
          ...{ config, url, headers, timeout },
          body: JSON.stringify(api.body(name, sent, as)),
          limit: largestAnswer,
          tooLong: () => noVectorsError(config),
        },
        signal,
      );
      const vectors = api.read(parseObject(text, texts.length * mostValues)) ?? [];
      if (vectors.length !== texts.length) throw noVectorsError(config);
      return vectors.map((vector) => Float32Array.from(vector));
    },
  };
};
