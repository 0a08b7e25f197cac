/** How an OpenAI-compatible provider differs from the others. */
export interface CompatibleProvider {
  baseUrl: string;
  /** Refuses `stream_options`, and reports usage without being asked. */
  reportsUsageUnasked?: true;
  /** Supports JSON output, but not JSON Schemas, at least with some of its models. */
  readsSchemaInPrompt?: true;
  /** Takes `prompt_cache_key`, by which requests that begin alike come to the same cache; others may refuse the field. */
  takesCacheKey?: true;
  /** Runs on the machine itself and asks for no key. */
  needsNoKey?: true;
}

/** Providers with OpenAI's chat completions API. */
export const compatibleProviders: Readonly<Record<string, CompatibleProvider>> = {
  openai: { baseUrl: "https://api.openai.com/v1", takesCacheKey: true },
  groq: { baseUrl: "https://api.groq.com/openai/v1", readsSchemaInPrompt: true },
  mistral: { baseUrl: "https://api.mistral.ai/v1", reportsUsageUnasked: true, takesCacheKey: true },
  ollama: { baseUrl: "http://127.0.0.1:11434/v1", needsNoKey: true },
  openrouter: { baseUrl: "https://openrouter.ai/api/v1" },
  together: { baseUrl: "https://api.together.xyz/v1" },
  deepseek: { baseUrl: "https://api.deepseek.com/v1", readsSchemaInPrompt: true },
  xai: { baseUrl: "https://api.x.ai/v1" },
  fireworks: { baseUrl: "https://api.fireworks.ai/inference/v1", takesCacheKey: true },
  perplexity: { baseUrl: "https://api.perplexity.ai", reportsUsageUnasked: true },
};
