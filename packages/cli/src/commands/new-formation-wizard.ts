import { isCancel, password, select, text } from "@clack/prompts";
import { normalizeName } from "@muxi/formation";

/** What the command line has already given. */
export interface FormationDraft {
  name?: string | undefined;
  description?: string | undefined;
  model?: string | undefined;
}

export interface FormationAnswers extends FormationDraft {
  /** To be stored in the formation's secrets. */
  apiKey?: { name: string; value: string } | undefined;
}

const builtIn = "builtin";

/** Providers, each with a suggested model and the secret for its API key. */
export const suggestedProviders = [
  {
    value: builtIn,
    label: "None for now",
    hint: "the built-in model answers from your documents",
    model: "",
    secret: "",
  },
  { value: "openai", label: "OpenAI", model: "openai/gpt-4o-mini", secret: "OPENAI_API_KEY" },
  {
    value: "anthropic",
    label: "Anthropic",
    model: "anthropic/claude-haiku-4-5",
    secret: "ANTHROPIC_API_KEY",
  },
  { value: "google", label: "Google", model: "google/gemini-2.5-flash", secret: "GOOGLE_API_KEY" },
  { value: "groq", label: "Groq", model: "groq/llama-3.3-70b-versatile", secret: "GROQ_API_KEY" },
  { value: "mistral", label: "Mistral", model: "mistral/mistral-small-latest", secret: "MISTRAL_API_KEY" },
  { value: "ollama", label: "Ollama", hint: "models on this machine", model: "ollama/llama3.2", secret: "" },
] as const;

const nameProblem = (name: string | undefined): string | undefined => {
  try {
    normalizeName(name ?? "");
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};

/** Asks for what the command line did not give. */
export const askAboutFormation = async (draft: FormationDraft): Promise<FormationAnswers | "cancelled"> => {
  const name =
    draft.name ??
    (await text({ message: "Name of the formation", placeholder: "my-bot", validate: nameProblem }));
  if (isCancel(name)) return "cancelled";

  const description =
    draft.description ??
    (await text({
      message: "What is it for?",
      placeholder: "Answers questions about our orchard",
      defaultValue: "",
    }));
  if (isCancel(description)) return "cancelled";
  if (draft.model !== undefined) return { name, description, model: draft.model };

  const chosen = await select({ message: "Which model provider?", options: [...suggestedProviders] });
  if (isCancel(chosen)) return "cancelled";
  const provider = suggestedProviders.find(({ value }) => value === chosen);
  if (!provider || provider.model === "") return { name, description };

  const model = await text({ message: "Model", initialValue: provider.model });
  if (isCancel(model)) return "cancelled";
  if (provider.secret === "") return { name, description, model };

  const key = await password({
    message: `API key, stored encrypted as ${provider.secret} (leave empty to set it later)`,
  });
  if (isCancel(key)) return "cancelled";
  return { name, description, model, ...(key && { apiKey: { name: provider.secret, value: key } }) };
};
