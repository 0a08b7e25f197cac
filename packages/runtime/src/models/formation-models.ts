import {
  type AgentDefinition,
  type Environment,
  type Formation,
  type ModelConfig,
  modelFor,
  namedModel,
  overlordModelFor,
  rerankModelFor,
  textModelFor,
} from "@muxi/formation";
import { createAnswerCache } from "./answer-cache.ts";
import { createModel, type ModelDeps } from "./create-model.ts";
import { defaultModelConfig } from "./default-model.ts";
import type { Model } from "./interface/index.ts";
import { createReranker, type Reranker } from "./rerank.ts";

export interface FormationModelsDeps extends ModelDeps {
  formation: Formation;
  /** Environment with the providers' keys and addresses. */
  env: Environment;
  now: () => number;
}

/** The models that a formation answers with. */
export interface FormationModels {
  /** Models by the id of their agent. */
  ofAgents: ReadonlyMap<string, Model>;
  modelOf: (agent: AgentDefinition) => Model;
  /** The model that reads images for an agent. */
  visionModelOf: (agent: Pick<AgentDefinition, "id">) => Model | undefined;
  /** A model by its name, `provider/name`. */
  modelNamed: (name: string) => Model;
  /** What puts passages of an agent's knowledge into order; undefined where nothing does. */
  rerankerOf: (agent: AgentDefinition) => Reranker | undefined;
  /** The model that chooses among agents; undefined where it cannot. */
  routingModel: () => Model | undefined;
  /** The model that takes requests apart; undefined where it cannot. */
  planningModel: () => Model | undefined;
}

/** Number of cached routing decisions (docs/spec/formation-files.md "Routing"). */
const mostRoutings = 5_000;

/** @throws ApiError `INVALID_PARAMETER` when a model's configuration is invalid */
export const openModels = (deps: FormationModelsDeps): FormationModels => {
  const { formation, env, now } = deps;
  const { agents } = formation;
  const { llm, overlord } = formation.manifest;
  const { caching } = llm.settings;
  const cache = caching?.enabled
    ? createAnswerCache({ maxEntries: caching.max_entries, ttl: caching.ttl * 1000, now })
    : undefined;

  const open = (config: ModelConfig): Model => {
    const model = createModel(config, deps);
    return cache && config.provider !== "builtin"
      ? cache.around(model, JSON.stringify(config.settings))
      : model;
  };

  const ofAgents = new Map(
    agents.map((agent) => [agent.id, open(textModelFor(formation, agent, env) ?? defaultModelConfig(env))]),
  );
  const seeing = new Map(
    agents.flatMap((agent) => {
      const config = modelFor(formation, "vision", agent, env);
      return config ? [[agent.id, open(config)] as const] : [];
    }),
  );

  return {
    ofAgents,
    modelOf({ id }) {
      const model = ofAgents.get(id);
      if (!model) throw new Error(`no model was made for agent ${id}`);
      return model;
    },
    visionModelOf: ({ id }) => seeing.get(id),
    modelNamed: (name) => open(namedModel(formation, name, env)),
    rerankerOf(agent) {
      const config = rerankModelFor(formation, agent, env);
      return config && createReranker(config, deps);
    },
    planningModel() {
      const config = overlordModelFor(formation, "base", env) ?? defaultModelConfig(env);
      return config.provider === "builtin" ? undefined : createModel(config, deps);
    },
    routingModel() {
      const { fallback: _, ...config } = overlordModelFor(formation, "base", env) ?? defaultModelConfig(env);
      if (config.provider === "builtin") return undefined;
      // Not retried: the score is an immediate substitute.
      const model = createModel({ ...config, settings: { ...config.settings, maxRetries: 0 } }, deps);
      if (!overlord.caching.enabled) return model;
      return createAnswerCache({ maxEntries: mostRoutings, ttl: overlord.caching.ttl * 1000, now }).around(
        model,
        "routing",
      );
    },
  };
};
