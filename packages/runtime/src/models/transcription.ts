import type { ModelConfig } from "@muxi/formation";
import { ApiError } from "@muxi/protocol";
import { type Dispatcher, FormData } from "undici";
import * as z from "zod";
import { ModelError, networkError, responseError, timeoutError } from "./errors.ts";
import { parseObject } from "./json.ts";
import { endpoint } from "./providers/endpoint.ts";
import { compatibleProviders } from "./providers/index.ts";
import { readWithin } from "./read-within.ts";

/** Speech as a file. */
export interface Recording {
  filename: string;
  /** Such as `audio/mpeg`. */
  mediaType: string;
  bytes: Buffer;
}

/** A model that writes down what is said. */
export interface TranscriptionModel {
  /** As the formation names it: `provider/name`. */
  readonly id: string;
  /** @throws ModelError, or the reason of `signal` */
  transcribe(recording: Recording, signal: AbortSignal): Promise<string>;
}

const largestAnswer = 4 * 1024 * 1024;
/** Speech takes longer than a chat's first byte. */
const shortestTimeout = 60_000;

const answerSchema = z.object({ text: z.string() });

/**
 * A transcription model behind OpenAI's `/audio/transcriptions`, at OpenAI or anywhere else (`base_url`).
 *
 * @throws ApiError `INVALID_PARAMETER` when its provider has no such endpoint
 */
export const createTranscriptionModel = (config: ModelConfig, dispatcher: Dispatcher): TranscriptionModel => {
  const { id, name, provider, apiKey, settings } = config;
  const baseUrl = settings.baseUrl ?? compatibleProviders[provider]?.baseUrl;
  if (baseUrl === undefined) {
    throw new ApiError(
      "INVALID_PARAMETER",
      `${id} cannot transcribe here: ${provider} has no OpenAI-compatible address. Give one in settings.base_url`,
    );
  }
  const url = endpoint(config, baseUrl, "audio/transcriptions");
  const malformed = () => new ModelError("LLM_ERROR", `${provider} did not answer ${id} with a text`, false);

  return {
    id,
    async transcribe({ filename, mediaType, bytes }, signal) {
      const timeout = AbortSignal.timeout(Math.max(settings.timeoutSeconds * 1000, shortestTimeout));
      const body = new FormData();
      body.append("model", name);
      body.append("response_format", "json");
      body.append("file", new Blob([new Uint8Array(bytes)], { type: mediaType }), filename);
      try {
        const response = await dispatcher.request({
          origin: url.origin,
          path: url.pathname + url.search,
          method: "POST",
          headers: { ...(apiKey && { authorization: `Bearer ${apiKey}` }) },
          body,
          signal: AbortSignal.any([signal, timeout]),
        });
        const text = await readWithin(response.body, largestAnswer);
        if (text === undefined) throw malformed();
        if (response.statusCode !== 200)
          throw responseError(config, response.statusCode, response.headers, text);
        const { data } = answerSchema.safeParse(parseObject(text));
        if (!data) throw malformed();
        return data.text.trim();
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof ModelError) throw error;
        if (timeout.aborted) throw timeoutError(config);
        throw networkError(config, url.origin, error instanceof Error ? error : new Error(String(error)));
      }
    },
  };
};
