import type { ModelConfig } from "@muxi/formation";
import type { HttpClient } from "@muxi/http";
import { ApiError, lazy } from "@muxi/protocol";
import * as z from "zod";
import { parseObject } from "../base/index.ts";
import { ModelError } from "./interface/index.ts";
import { compatibleProviders, endpoint } from "./providers/index.ts";
import { wholeAnswer } from "./whole-answer.ts";

/** What a text is to be compared with: several models make other vectors of questions than of what answers them. */
export type EmbeddedAs = "passage" | "question";

/** A model that turns texts into vectors: texts of similar meaning get vectors of similar direction. */
export interface EmbeddingModel {
  /** As the formation names it: `provider/name`. */
  readonly id: string;
  /** Most texts of a call. */
  readonly mostTexts: number;
  /**
   * One vector for each text, in their order.
   *
   * @throws ModelError, or the reason of `signal`
   */
  embed(texts: readonly string[], as: EmbeddedAs, signal: AbortSignal): Promise<Float32Array[]>;
}

/** Google also serves embeddings through OpenAI's API. */
const googleUrl = "https://generativelanguage.googleapis.com/v1beta/openai";
/** Characters of a text that are sent: the lowest common limit is 8,192 tokens. */
const longestText = 16_000;
const largestAnswer = 32 * 1024 * 1024;

/** Values of JSON for one text: its vector, of which models make up to 8,192 numbers, and what is said beside it. */
const mostValues = 20_000;

const answerSchema = lazy(() =>
  z.object({
    data: z.array(
      z.object({ index: z.int().nonnegative().optional(), embedding: z.array(z.number()).min(1) }),
    ),
  }),
);

const malformed = ({ provider, id }: ModelConfig) =>
  new ModelError(
    "LLM_NOT_CONFIGURED",
    `${provider} did not return one vector for each text from ${id}: check that it is an embedding model`,
  );

/**
 * An embedding model behind OpenAI's `/embeddings`, at OpenAI or anywhere else (`base_url`).
 *
 * @throws ApiError `INVALID_PARAMETER` when its provider has no such endpoint
 */
export const createEmbeddingModel = (config: ModelConfig, http: HttpClient): EmbeddingModel => {
  const { id, name, provider, apiKey, settings } = config;
  const known = provider === "google" ? googleUrl : compatibleProviders[provider]?.baseUrl;
  const baseUrl = settings.baseUrl ?? known;
  if (baseUrl === undefined) {
    throw new ApiError(
      "INVALID_PARAMETER",
      `${id} cannot make embeddings: ${provider} has no OpenAI-compatible address. Set one in settings.base_url`,
    );
  }
  const url = endpoint(config, baseUrl, "embeddings");
  const headers = {
    "content-type": "application/json",
    ...(apiKey && { authorization: `Bearer ${apiKey}` }),
  };

  const timeout = settings.timeoutSeconds * 1000;

  return {
    id,
    mostTexts: 96,
    async embed(texts, _, signal) {
      const input = texts.map((text) => text.slice(0, longestText));
      const body = JSON.stringify({ model: name, input, encoding_format: "float" });
      const text = await wholeAnswer(
        http,
        { config, url, headers, body, timeout, limit: largestAnswer, tooLong: () => malformed(config) },
        signal,
      );
      const { data: answer } = answerSchema().safeParse(parseObject(text, texts.length * mostValues));
      const items = (answer?.data ?? []).map((item, place) => ({ place, ...item }));
      if (items.length !== texts.length) throw malformed(config);
      return items
        .sort((a, b) => (a.index ?? a.place) - (b.index ?? b.place))
        .map(({ embedding }) => Float32Array.from(embedding));
    },
  };
};
