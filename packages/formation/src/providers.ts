import { createRequire } from "node:module";
import { join } from "node:path";
import { isSystemError } from "./base/index.ts";
import { closest } from "./did-you-mean.ts";

/** Providers of models that need no package (docs/spec/formation-files.md "Providers"). */
export const builtInProviders: readonly string[] = [
  "builtin",
  "openai",
  "anthropic",
  "google",
  "groq",
  "mistral",
  "ollama",
  "openrouter",
  "together",
  "deepseek",
  "xai",
  "fireworks",
  "perplexity",
];

/** Providers whose API puts passages into order (docs/spec/formation-files.md "Rerankers"). */
export const rerankProviders: readonly string[] = ["cohere", "voyage", "jina"];

/** Providers whose API makes embeddings, and answers no chats (docs/spec/formation-files.md "Providers"). */
export const embeddingProviders: readonly string[] = ["cohere", "voyage", "local"];

/** Providers whose AI SDK package is not named as formations name them. */
const packageNames = new Map([
  ["bedrock", "amazon-bedrock"],
  ["vertex", "google-vertex"],
]);

/** The name of a provider's package below `@ai-sdk/`. */
export const providerPackage = (provider: string): string => packageNames.get(provider) ?? provider;

const isInstalled = (name: string, from: string): boolean => {
  try {
    createRequire(from).resolve(name);
    return true;
  } catch (error) {
    // A package for `import` alone is there all the same.
    return !isSystemError(error, "MODULE_NOT_FOUND");
  }
};

/** Whether the package of a provider is installed in the formation's folder or above it, or with this program. */
const hasPackage = (dir: string, provider: string): boolean => {
  const name = `@ai-sdk/${providerPackage(provider)}`;
  return isInstalled(name, join(dir, "package.json")) || isInstalled(name, import.meta.url);
};

/**
 * What is wrong with a provider that a model names and that has no `base_url`; undefined when it can be used.
 *
 * @param dir Formation folder.
 */
export const providerProblem = (
  dir: string,
  provider: string,
): { message: string; hint: string } | undefined => {
  if (builtInProviders.includes(provider) || hasPackage(dir, provider)) return undefined;
  const meant = closest(provider, builtInProviders);
  const install = `install the package @ai-sdk/${providerPackage(provider)}, or set base_url of a server that speaks OpenAI's chat completions`;
  return {
    message: `names the provider ${provider}, which is not built in, and whose package is not installed`,
    hint: meant === undefined ? `To use it, ${install}` : `Did you mean ${meant}? Else ${install}`,
  };
};
