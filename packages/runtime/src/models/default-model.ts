import type { ModelConfig } from "@muxi/formation";

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

const modelConfig = (env: Environment, id: string): ModelConfig => {
  const slash = id.indexOf("/");
  const provider = id.slice(0, slash);
  const apiKey = candidates
    .filter((candidate) => candidate.id.startsWith(`${provider}/`))
    .map((candidate) => env[candidate.variable])
    .find((key) => key);
  const baseUrl = provider === "openai" ? env.OPENAI_BASE_URL : undefined;
  return {
    id,
    provider,
    name: id.slice(slash + 1),
    ...(apiKey && { apiKey }),
    settings: { timeoutSeconds: 30, maxRetries: 3, ...(baseUrl && { baseUrl }) },
  };
};

/**
 * The model of a formation that names none: `MUXI_MODEL` (`provider/name`), else a small model of the first
 * provider whose key is in the environment, else the server at `OPENAI_BASE_URL` with its `OPENAI_MODEL`, else
 * the built-in model.
 */
export const defaultModelConfig = (env: Environment): ModelConfig => {
  const { MUXI_MODEL: wanted, OPENAI_MODEL: name, OPENAI_BASE_URL: baseUrl } = env;
  if (wanted && /^[^/]+\/./.test(wanted)) return modelConfig(env, wanted);
  if (baseUrl && (name || !env.OPENAI_API_KEY)) return modelConfig(env, `openai/${name || "default"}`);
  const found = candidates.find(({ variable }) => env[variable]);
  return modelConfig(env, found?.id ?? "builtin/extractive");
};
