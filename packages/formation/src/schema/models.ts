import * as z from "zod";
import { httpUrl, nonNegative, positive, seconds, section, text } from "./common.ts";
import { unused, withoutEffect } from "./effects.ts";

export const capabilities = [
  "text",
  "vision",
  "audio",
  "video",
  "documents",
  "embedding",
  "streaming",
] as const;

/** What a model is used for (docs/spec/formation-files.md "Manifest: llm"). */
export type Capability = (typeof capabilities)[number];

const temperature = z.number().min(0).max(2);

const settingsFields = {
  temperature: temperature.optional(),
  max_tokens: positive.optional(),
  timeout_seconds: seconds.optional(),
  max_retries: nonNegative.max(20).optional(),
  fallback_model: text.optional(),
  base_url: httpUrl.optional(),
};

const filesInstead = "Files of a message have limits of their own: see input_limits.max_file_size_bytes";

/** Settings of a model entry; missing ones come from `llm.settings`. */
export const modelSettingsSchema = section({
  ...settingsFields,
  image: unused(filesInstead),
  max_size_mb: unused(filesInstead),
  max_duration_seconds: unused(filesInstead),
  language: unused("The model recognises the language itself"),
  include_audio_analysis: unused(),
  extraction: unused(),
  cache_ttl_seconds: unused(),
});

export type ModelSettings = z.infer<typeof modelSettingsSchema>;

/** `llm.settings`, which apply to every model. */
export const llmSettingsSchema = section({
  ...settingsFields,
  temperature: temperature.default(0.7),
  max_tokens: positive.default(4096),
  timeout_seconds: seconds.default(30),
  max_retries: nonNegative.max(20).default(3),
  /** Without it, answers are not cached. */
  caching: section({
    enabled: z.boolean().default(true),
    max_entries: positive.default(10_000),
    ttl: nonNegative.default(86_400),
    hash_only: z.boolean().optional(),
    p: withoutEffect(z.number().min(0).max(1).optional(), "The cache answers only exactly repeated requests"),
    stream_chunk_strategy: unused("A cached answer is streamed sentence by sentence"),
    stream_chunk_length: unused("A cached answer is streamed sentence by sentence"),
  }).optional(),
});

/** Capabilities that no part of a formation asks a model for. */
const idleCapabilities: Partial<Record<Capability, string>> = {
  video: "Videos are not read",
  documents: "The text of documents is read without a model",
  streaming: "Every model streams its answers",
};

const capabilityField = (capability: Capability) => {
  const instead = idleCapabilities[capability];
  return instead === undefined ? text.optional() : withoutEffect(text.optional(), instead);
};

/** An entry of `llm.models` or of an agent's `llm_models`. */
export interface ModelEntry {
  capability: Capability;
  /** `provider/name` or an alias. */
  model: string;
  apiKey?: string;
  settings: ModelSettings;
}

const capabilityList = capabilities.join(", ");

const entrySchema = section({
  ...Object.fromEntries(capabilities.map((capability) => [capability, capabilityField(capability)])),
  api_key: text.optional(),
  settings: modelSettingsSchema.optional(),
}).transform((entry, context): ModelEntry => {
  const named = capabilities.flatMap((capability) => {
    const model = entry[capability];
    return typeof model === "string" ? [{ capability, model }] : [];
  });
  const [first] = named;
  if (first === undefined || named.length > 1) {
    const found = named.map(({ capability }) => capability).join(" and ");
    context.addIssue({
      code: "custom",
      message: first
        ? `names ${found}; an entry has exactly one capability`
        : `names no capability; it needs one of ${capabilityList}`,
      params: { hint: first ? "Write one entry for each" : "For example: - text: openai/gpt-4o-mini" },
    });
    return z.NEVER;
  }
  return { ...first, ...(entry.api_key && { apiKey: entry.api_key }), settings: entry.settings ?? {} };
});

export const modelEntriesSchema = z.array(entrySchema);
