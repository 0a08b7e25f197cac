import {
  type AgentDefinition,
  type Environment,
  embeddingModelFor,
  type Formation,
  type ModelConfig,
  modelFor,
  namedModel,
  overlordModelFor,
  readTrigger,
  rerankModelFor,
  textModelFor,
  triggerNames,
} from "@muxi/formation";
import type { FormationProblem } from "@muxi/protocol";
import { defaultModelConfig } from "./default-model.ts";
import { lackOfEmbedding, localModelsOf } from "./embedding/index.ts";
import { type ImportPackage, lackOf } from "./providers/index.ts";
import { lackOfReranker } from "./rerank.ts";

const withFallbacks = (config: ModelConfig): ModelConfig[] =>
  config.fallback ? [config, ...withFallbacks(config.fallback)] : [config];

/** The language models that an agent's knowledge is searched with. */
const modelsOfKnowledge = (formation: Formation, { knowledge }: AgentDefinition, env: Environment) => {
  if (!knowledge?.enabled) return [];
  const { follow_ups, tree } = knowledge;
  const named = [follow_ups?.model, tree.model, tree.terminator_model];
  return named.flatMap((model) => (model === undefined ? [] : [namedModel(formation, model, env)]));
};

/** Every language model that the formation may ask. */
const modelsOf = async (formation: Formation, env: Environment): Promise<ModelConfig[]> => {
  const { agents, dir, manifest } = formation;
  const { aliases } = manifest.llm;
  const triggers = await Promise.all(
    (await triggerNames(dir)).map((name) => readTrigger(dir, name, aliases)),
  );
  const named = triggers.flatMap((trigger) =>
    trigger && "model" in trigger && trigger.model !== undefined ? [trigger.model] : [],
  );
  const configs = [
    ...agents.flatMap((agent) => [
      textModelFor(formation, agent, env) ?? defaultModelConfig(env),
      modelFor(formation, "vision", agent, env),
      ...modelsOfKnowledge(formation, agent, env),
    ]),
    overlordModelFor(formation, "base", env),
    modelFor(formation, "audio", undefined, env),
    ...named.map((name) => namedModel(formation, name, env)),
  ];
  return configs.flatMap((config) => (config ? withFallbacks(config) : []));
};

/** Every model that may make vectors for the formation. */
const embeddersOf = (formation: Formation, env: Environment): ModelConfig[] =>
  [
    embeddingModelFor(formation, env),
    ...formation.agents.map((agent) => modelFor(formation, "embedding", agent, env)),
  ].flatMap((config) => config ?? []);

/**
 * The models that cannot be asked, because their provider's package or key is missing (docs/spec/server-api.md "Checks
 * before a switch"). Nothing is sent to a provider.
 */
export const problemsOfModels = async (
  formation: Formation,
  env: Environment,
  importPackage: ImportPackage,
): Promise<FormationProblem[]> => {
  const found = new Map<string, FormationProblem>();
  const note = (name: string, message: string | undefined) => {
    if (message !== undefined) found.set(name, { kind: "model", name, message });
  };
  for (const config of await modelsOf(formation, env)) note(config.id, await lackOf(config, importPackage));
  for (const agent of formation.agents) {
    const config = rerankModelFor(formation, agent, env);
    if (config) note(config.id, await lackOfReranker(config, importPackage));
  }
  for (const config of embeddersOf(formation, env)) {
    note(config.id, await lackOfEmbedding(config, { importPackage, local: localModelsOf(formation, env) }));
  }
  return [...found.values()];
};
