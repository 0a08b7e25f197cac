import { apiKeyVariables, type Environment, type ModelConfig, splitModelId } from "@muxi/formation";
import { ApiError } from "@muxi/protocol";
import { builtInModelId } from "./built-in/index.ts";

/** Default models, in order: the first provider whose key is set is used. */
export const defaultModels: readonly { provider: string; name: string }[] = [
  { provider: "openai", name: "gpt-4o-mini" },
  { provider: "anthropic", name: "claude-haiku-4-5" },
  { provider: "google", name: "gemini-2.5-flash" },
  { provider: "groq", name: "llama-3.3-70b-versatile" },
  { provider: "mistral", name: "mistral-small-latest" },
  { provider: "openrouter", name: "openai/gpt-4o-mini" },
];

const keyOf = (provider: string, env: Environment): string | undefined =>
  apiKeyVariables(provider)
    .map((variable) => env[variable])
    .find((key) => key);

const wantedId = (env: Environment): string => {
  if (env.MUXI_MODEL) return env.MUXI_MODEL;
  if (env.OPENAI_BASE_URL && (env.OPENAI_MODEL || !env.OPENAI_API_KEY)) {
    return `openai/${env.OPENAI_MODEL || "default"}`;
  }
  const found = defaultModels.find(({ provider }) => keyOf(provider, env));
  return found ? `${found.provider}/${found.name}` : builtInModelId;
};

/**
 * The model of a formation that names none: `MUXI_MODEL` (`provider/name`), else the server at `OPENAI_BASE_URL`
 * if `OPENAI_MODEL` is set or `OPENAI_API_KEY` is not, else a small model of the first provider whose key is in
 * the environment, else the built-in model.
 *
 * @throws ApiError `INVALID_PARAMETER` when `MUXI_MODEL` names no provider
 */
export const defaultModelConfig = (env: Environment): ModelConfig => {
  const id = wantedId(env);
  const parts = splitModelId(id);
  if (!parts) {
    throw new ApiError(
      "INVALID_PARAMETER",
      `MUXI_MODEL is "${id}", which names no provider: write provider/name, such as openai/gpt-4o-mini`,
    );
  }
  const { provider, name } = parts;
  const apiKey = keyOf(provider, env);
  const baseUrl = provider === "openai" ? env.OPENAI_BASE_URL : undefined;
  return {
    id,
    provider,
    name,
    ...(apiKey && { apiKey }),
    settings: { timeoutSeconds: 30, maxRetries: 3, ...(baseUrl && { baseUrl }) },
  };
};
