import type { Environment } from "./base/index.ts";
import type { AgentDefinition, Formation } from "./formation.ts";
import type { ModelConfig } from "./model-config.ts";
import type { Capability, ModelEntry, ModelSettings } from "./schema/models.ts";

/** Variables that hold a provider's key, where it is not `<PROVIDER>_API_KEY`. */
const keyVariables: Readonly<Record<string, readonly string[]>> = {
  google: ["GEMINI_API_KEY", "GOOGLE_API_KEY", "GOOGLE_GENERATIVE_AI_API_KEY"],
};

/**
 * The environment variables that may hold the API key of a provider; the first one that is set counts
 * (docs/spec/formation-files.md "Choosing a model").
 *
 * @param provider As in `provider/name`: `openai` gives `OPENAI_API_KEY`.
 */
export const apiKeyVariables = (provider: string): readonly string[] =>
  keyVariables[provider] ?? [`${provider.toUpperCase().replace(/[^A-Z0-9]/g, "_")}_API_KEY`];

/** `provider/name`; the name may hold slashes of its own. */
const modelPattern = /^([A-Za-z0-9][A-Za-z0-9_.-]*)\/(.+)$/;

/** A model that is named somewhere, with the key and settings given there. */
interface ModelReference {
  model: string;
  apiKey?: string | undefined;
  settings: ModelSettings;
}

/** The model id that an alias stands for; any other reference as it is. */
export const resolveAlias = (aliases: Readonly<Record<string, string>>, reference: string): string =>
  Object.hasOwn(aliases, reference) ? (aliases[reference] ?? reference) : reference;

/** Provider and name of a model id; undefined when the provider is missing. */
export const splitModelId = (id: string): { provider: string; name: string } | undefined => {
  const [, provider, name] = modelPattern.exec(id) ?? [];
  return provider !== undefined && name !== undefined
    ? { provider: provider.toLowerCase(), name }
    : undefined;
};

/** The last entry for a capability: later entries replace earlier ones. */
const entryFor = (entries: readonly ModelEntry[], capability: Capability): ModelEntry | undefined =>
  entries.findLast((entry) => entry.capability === capability);

const configureOne = (formation: Formation, reference: ModelReference, env: Environment): ModelConfig => {
  const { llm } = formation.manifest;
  const id = resolveAlias(llm.aliases, reference.model);
  const parts = splitModelId(id);
  if (!parts) throw new Error(`the model ${id} passed the checks without a provider`);
  const { provider, name } = parts;
  const apiKey = [
    reference.apiKey,
    llm.api_keys[provider],
    ...apiKeyVariables(provider).map((variable) => env[variable]),
  ].find((key) => key !== undefined && key !== "");
  const own = reference.settings;
  const shared = llm.settings;
  const baseUrl =
    own.base_url ?? shared.base_url ?? (provider === "openai" ? env.OPENAI_BASE_URL || undefined : undefined);
  return {
    id,
    provider,
    name,
    ...(apiKey !== undefined && { apiKey }),
    settings: {
      temperature: own.temperature ?? shared.temperature,
      maxTokens: own.max_tokens ?? shared.max_tokens,
      timeoutSeconds: own.timeout_seconds ?? shared.timeout_seconds,
      maxRetries: own.max_retries ?? shared.max_retries,
      ...(baseUrl !== undefined && { baseUrl }),
    },
  };
};

const configure = (formation: Formation, reference: ModelReference, env: Environment): ModelConfig => {
  const { llm } = formation.manifest;
  const config = configureOne(formation, reference, env);
  const model = reference.settings.fallback_model ?? llm.settings.fallback_model;
  if (model === undefined) return config;
  const id = resolveAlias(llm.aliases, model);
  if (id === config.id) return config;
  // Key and address of the entry are of use only to a fallback of the same provider.
  const isSameProvider = splitModelId(id)?.provider === config.provider;
  const { base_url: _, ...settings } = reference.settings;
  const fallback = isSameProvider ? { ...reference, model } : { model, settings };
  return { ...config, fallback: configureOne(formation, fallback, env) };
};

/**
 * The model of an agent for a capability, by docs/spec/formation-files.md "Choosing a model": the agent's own, else
 * the formation's.
 *
 * @param agent Undefined asks for the formation's.
 * @param env Where providers' usual variables are looked up: `OPENAI_API_KEY`, `OPENAI_BASE_URL`.
 * @returns Undefined when neither names a model for it.
 */
export const modelFor = (
  formation: Formation,
  capability: Capability,
  agent: AgentDefinition | undefined,
  env: Environment,
): ModelConfig | undefined => {
  const entry =
    entryFor(agent?.llm_models ?? [], capability) ?? entryFor(formation.manifest.llm.models, capability);
  return entry && configure(formation, entry, env);
};

/**
 * The model that makes the vectors of memories: `memory.persistent.embedding_model`, else the formation's model for
 * embeddings (docs/spec/formation-files.md "Choosing a model").
 *
 * @returns Undefined when neither is named: memories are then searched by their words alone.
 */
export const embeddingModelFor = (formation: Formation, env: Environment): ModelConfig | undefined => {
  const entry = entryFor(formation.manifest.llm.models, "embedding");
  const model = formation.manifest.memory.persistent.embedding_model;
  if (model !== undefined) return configure(formation, { settings: {}, ...entry, model }, env);
  return entry && configure(formation, entry, env);
};

/** The configuration of a model that is named outside of an entry, such as in a trigger: `provider/name` or an alias. */
export const namedModel = (formation: Formation, model: string, env: Environment): ModelConfig =>
  configure(formation, { model, settings: {} }, env);

/** The model that puts the passages of an agent into order (`knowledge.rerank`); undefined when it names none. */
export const rerankModelFor = (
  formation: Formation,
  { knowledge }: AgentDefinition,
  env: Environment,
): ModelConfig | undefined => {
  if (!knowledge?.enabled || !knowledge.rerank) return undefined;
  const { model, api_key: apiKey, base_url, timeout_seconds } = knowledge.rerank;
  const { fallback: _, ...config } = configure(
    formation,
    { model, apiKey, settings: { timeout_seconds, max_retries: 0, ...(base_url && { base_url }) } },
    env,
  );
  return config;
};

/** What the overlord uses a model for: routing and other decisions (`base`), or answers (`synthesis`). */
export type OverlordStage = "base" | "synthesis";

const overlordReference = (formation: Formation, stage: OverlordStage): ModelReference | undefined => {
  const { base, synthesis } = formation.manifest.overlord.llm;
  const chosen = stage === "synthesis" && synthesis?.model !== undefined ? synthesis : base;
  if (chosen?.model === undefined) return undefined;
  return { model: chosen.model, apiKey: chosen.api_key, settings: chosen.settings ?? {} };
};

/** The overlord's model for a stage: for `synthesis` that of synthesis or else base, for `base` that of base; else the formation's text model. */
export const overlordModelFor = (
  formation: Formation,
  stage: OverlordStage,
  env: Environment,
): ModelConfig | undefined => {
  const reference = overlordReference(formation, stage);
  return reference ? configure(formation, reference, env) : modelFor(formation, "text", undefined, env);
};

/**
 * The model that writes the answers of an agent, or of the overlord when there is no agent. An agent without a model
 * uses the overlord's, because older formations name no other.
 */
export const textModelFor = (
  formation: Formation,
  agent: AgentDefinition | undefined,
  env: Environment,
): ModelConfig | undefined =>
  (agent && modelFor(formation, "text", agent, env)) ?? overlordModelFor(formation, "synthesis", env);
