import type { ModelConfig } from "@muxi/formation";
import { ApiError } from "@muxi/protocol";

/** The model to take for the first key that is there. */
const candidates: readonly { variable: string; id: string }[] = [
  { variable: "OPENAI_API_KEY", id: "openai/gpt-4o-mini" },
  { variable: "ANTHROPIC_API_KEY", id: "anthropic/claude-haiku-4-5" },
  { variable: "GEMINI_API_KEY", id: "google/gemini-2.5-flash" },
  { variable: "GOOGLE_API_KEY", id: "google/gemini-2.5-flash" },
  { variable: "GROQ_API_KEY", id: "groq/llama-3.3-70b-versatile" },
  { variable: "MISTRAL_API_KEY", id: "mistral/mistral-small-latest" },
  { variable: "OPENROUTER_API_KEY", id: "openrouter/openai/gpt-4o-mini" },
];

type Environment = Readonly<Record<string, string | undefined>>;

const wantedId = (env: Environment): string => {
  if (env.MUXI_MODEL) return env.MUXI_MODEL;
  if (env.OPENAI_BASE_URL && (env.OPENAI_MODEL || !env.OPENAI_API_KEY)) {
    return `openai/${env.OPENAI_MODEL || "default"}`;
  }
  return candidates.find(({ variable }) => env[variable])?.id ?? "builtin/extractive";
};

/**
 * The model of a formation that names none: `MUXI_MODEL` (`provider/name`), else the server at `OPENAI_BASE_URL`
 * when there is an `OPENAI_MODEL` or no `OPENAI_API_KEY`, else a small model of the first provider whose key is in
 * the environment, else the built-in model.
 *
 * @throws ApiError `INVALID_PARAMETER` when `MUXI_MODEL` names no provider
 */
export const defaultModelConfig = (env: Environment): ModelConfig => {
  const id = wantedId(env);
  const [, provider, name] = /^([^/]+)\/(.+)$/.exec(id) ?? [];
  if (provider === undefined || name === undefined) {
    throw new ApiError(
      "INVALID_PARAMETER",
      `MUXI_MODEL is "${id}", which names no provider: write provider/name, such as openai/gpt-4o-mini`,
    );
  }
  const variables = provider === "google" ? ["GEMINI", "GOOGLE"] : [provider.toUpperCase()];
  const apiKey = variables.map((variable) => env[`${variable}_API_KEY`]).find((key) => key);
  const baseUrl = provider === "openai" ? env.OPENAI_BASE_URL : undefined;
  return {
    id,
    provider,
    name,
    ...(apiKey && { apiKey }),
    settings: { timeoutSeconds: 30, maxRetries: 3, ...(baseUrl && { baseUrl }) },
  };
};
