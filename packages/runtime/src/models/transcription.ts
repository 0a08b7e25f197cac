import type { ModelConfig } from "@muxi/formation";
import type { HttpClient } from "@muxi/http";
import { ApiError } from "@muxi/protocol";
import * as z from "zod";
import { parseObject } from "../base/index.ts";
import { ModelError } from "./interface/index.ts";
import { compatibleProviders, endpoint, wholeAnswer } from "./providers/index.ts";

/** A file with speech. */
export interface Recording {
  filename: string;
  /** Media type, such as `audio/mpeg`. */
  mediaType: string;
  bytes: Buffer;
}

/** A model that turns speech into text. */
export interface TranscriptionModel {
  /** As the formation names it: `provider/name`. */
  readonly id: string;
  /** @throws ModelError, or the reason of `signal` */
  transcribe(recording: Recording, signal: AbortSignal): Promise<string>;
}

const largestAnswer = 4 * 1024 * 1024;
/** Longer than for a chat: an answer comes only after all speech is read. */
const shortestTimeout = 60_000;

const answerSchema = z.object({ text: z.string() });

/**
 * A transcription model behind OpenAI's `/audio/transcriptions`, at OpenAI or anywhere else (`base_url`).
 *
 * @throws ApiError `INVALID_PARAMETER` when its provider has no such endpoint
 */
export const createTranscriptionModel = (config: ModelConfig, http: HttpClient): TranscriptionModel => {
  const { id, name, provider, apiKey, settings } = config;
  const baseUrl = settings.baseUrl ?? compatibleProviders[provider]?.baseUrl;
  if (baseUrl === undefined) {
    throw new ApiError(
      "INVALID_PARAMETER",
      `${id} cannot transcribe: ${provider} has no OpenAI-compatible address. Set one in settings.base_url`,
    );
  }
  const url = endpoint(config, baseUrl, "audio/transcriptions");
  const malformed = () =>
    new ModelError(
      "LLM_NOT_CONFIGURED",
      `${provider} did not return a text from ${id}: check that it is a transcription model`,
    );

  return {
    id,
    async transcribe({ filename, mediaType, bytes }, signal) {
      const form = new FormData();
      form.append("model", name);
      form.append("response_format", "json");
      form.append("file", new Blob([new Uint8Array(bytes)], { type: mediaType }), filename);
      // `Response` is the only encoder of multipart forms.
      const encoded = new Response(form);
      const text = await wholeAnswer(
        http,
        {
          config,
          url,
          headers: {
            "content-type": encoded.headers.get("content-type") ?? "",
            ...(apiKey && { authorization: `Bearer ${apiKey}` }),
          },
          body: await encoded.bytes(),
          timeout: Math.max(settings.timeoutSeconds * 1000, shortestTimeout),
          limit: largestAnswer,
          tooLong: malformed,
        },
        signal,
      );
      const { data } = answerSchema.safeParse(parseObject(text));
      if (!data) throw malformed();
      return data.text.trim();
    },
  };
};
