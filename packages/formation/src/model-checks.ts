import { repeatedCapabilities } from "./agents.ts";
import type { Path } from "./base/index.ts";
import type { Loaded } from "./components.ts";
import { closest } from "./did-you-mean.ts";
import type { AgentDefinition } from "./formation.ts";
import type { LoadContext } from "./load-context.ts";
import { resolveAlias, splitModelId } from "./models.ts";
import { builtInProviders, embeddingProviders, providerProblem, rerankProviders } from "./providers.ts";
import type { Manifest } from "./schema/manifest.ts";
import { capabilities, type ModelEntry } from "./schema/models.ts";
import { findingAt, type Place } from "./validate.ts";

/** A place that names a model. */
export interface Reference {
  place: Place;
  path: Path;
  model: string | undefined;
  /** Of the entry, unless that of `llm.settings` counts. */
  baseUrl?: string | undefined;
  /** Whether it puts passages into order: the providers that only do that are known, too. */
  isReranker?: boolean;
  /** Whether the model makes vectors. */
  isEmbedding?: boolean;
}

const entryReferences = (entries: readonly ModelEntry[], place: Place, path: Path): Reference[] =>
  entries.flatMap(({ capability, model, settings }, index) => [
    {
      ...{ place, path: [...path, index, capability], model },
      baseUrl: settings.base_url,
      isEmbedding: capability === "embedding",
    },
    { place, path: [...path, index, "settings", "fallback_model"], model: settings.fallback_model },
  ]);

/** The models that an agent's knowledge is searched with. */
const knowledgeReferences = ({ definition: { knowledge }, place }: Loaded<AgentDefinition>): Reference[] => [
  {
    place,
    path: ["knowledge", "rerank", "model"],
    model: knowledge?.rerank?.model,
    baseUrl: knowledge?.rerank?.base_url,
    isReranker: true,
  },
  { place, path: ["knowledge", "follow_ups", "model"], model: knowledge?.follow_ups?.model },
  { place, path: ["knowledge", "tree", "model"], model: knowledge?.tree.model },
  { place, path: ["knowledge", "tree", "terminator_model"], model: knowledge?.tree.terminator_model },
];

/**
 * A model of `memory.persistent.embedding_model` without its provider belongs to that of the formation's embedding
 * model, or else to that of its text model (docs/spec/formation-files.md "Choosing a model").
 */
export const withEmbeddingProvider = (
  { report }: LoadContext,
  manifest: Manifest,
  place: Place,
): Manifest => {
  const { llm, memory } = manifest;
  const model = memory.persistent.embedding_model;
  if (model === undefined || splitModelId(resolveAlias(llm.aliases, model))) return manifest;
  const provider = (["embedding", "text"] as const)
    .map((capability) => llm.models.findLast((entry) => entry.capability === capability)?.model ?? "")
    .flatMap((reference) => splitModelId(resolveAlias(llm.aliases, reference))?.provider ?? [])[0];
  if (provider === undefined) return manifest;
  const embedding_model = `${provider}/${model}`;
  const message = `names a model without its provider; it is read as ${embedding_model}`;
  report.warnings.push(
    findingAt(place, ["memory", "persistent", "embedding_model"], message, `Write ${embedding_model}`),
  );
  return { ...manifest, memory: { ...memory, persistent: { ...memory.persistent, embedding_model } } };
};

/**
 * Every model must be an alias or include its provider (docs/spec/formation-files.md "Choosing a model"); one whose
 * provider is unknown gives a warning.
 *
 * @param triggers The models that triggers name.
 * @returns The providers that are named.
 */
export const checkModels = (
  { dir, report }: LoadContext,
  { llm, overlord, memory }: Manifest,
  place: Place,
  agents: readonly Loaded<AgentDefinition>[],
  triggers: readonly Reference[],
): ReadonlySet<string> => {
  report.warnings.push(...repeatedCapabilities(llm.models, place, ["llm", "models"]));
  for (const [name, model] of Object.entries(llm.aliases)) {
    const refuse = (message: string, hint?: string) => {
      report.errors.push(findingAt(place, ["llm", "aliases", name], message, hint));
    };
    if (capabilities.some((capability) => capability === name)) {
      refuse("is the name of a capability", "Choose another");
    }
    // An alias of an alias would have to be followed wherever a model is named.
    if (!splitModelId(model)) refuse("names a model without its provider", "Write provider/model");
  }
  const references: Reference[] = [
    ...entryReferences(llm.models, place, ["llm", "models"]),
    { place, path: ["llm", "settings", "fallback_model"], model: llm.settings.fallback_model },
    ...(["base", "synthesis"] as const).flatMap((stage) => [
      {
        place,
        path: ["overlord", "llm", stage, "model"],
        model: overlord.llm[stage]?.model,
        baseUrl: overlord.llm[stage]?.settings?.base_url,
      },
      {
        place,
        path: ["overlord", "llm", stage, "settings", "fallback_model"],
        model: overlord.llm[stage]?.settings?.fallback_model,
      },
    ]),
    {
      ...{ place, path: ["memory", "persistent", "embedding_model"] },
      model: memory.persistent.embedding_model,
      isEmbedding: true,
    },
    ...agents.flatMap((agent) => entryReferences(agent.definition.llm_models, agent.place, ["llm_models"])),
    ...agents.flatMap(knowledgeReferences),
    ...triggers,
  ];
  const named = new Set(references.map(({ model }) => model));
  for (const [name, model] of Object.entries(llm.aliases)) {
    if (!named.has(name) && splitModelId(model)) {
      references.push({ place, path: ["llm", "aliases", name], model });
    }
  }
  const used = new Set<string>();
  for (const { place: at, path, model, baseUrl, isReranker, isEmbedding } of references) {
    if (model === undefined) continue;
    const parts = splitModelId(resolveAlias(llm.aliases, model));
    if (!parts) {
      const hint = "Write provider/model, for example openai/gpt-4o-mini, or name it in llm.aliases";
      report.errors.push(findingAt(at, path, "names a model without its provider", hint));
      continue;
    }
    used.add(parts.provider);
    if ((baseUrl ?? llm.settings.base_url) !== undefined) continue;
    if (isReranker && rerankProviders.includes(parts.provider)) continue;
    if (isEmbedding && embeddingProviders.includes(parts.provider)) continue;
    const problem = providerProblem(dir, parts.provider);
    if (problem) report.warnings.push(findingAt(at, path, problem.message, problem.hint));
  }
  for (const provider of Object.keys(llm.api_keys)) {
    if (used.has(provider) || builtInProviders.includes(provider)) continue;
    const meant = closest(provider, [...used, ...builtInProviders]);
    const hint = meant === undefined ? "Remove it" : `Did you mean ${meant}?`;
    const message = "is the key of a provider that no model names";
    report.warnings.push(findingAt(place, ["llm", "api_keys", provider], message, hint));
  }
  return used;
};
