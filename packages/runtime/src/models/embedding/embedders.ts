import path from "node:path";
import {
  type AgentDefinition,
  type Environment,
  embeddingModelFor,
  type Formation,
  type ModelConfig,
  modelFor,
  namedModel,
  splitModelId,
} from "@muxi/formation";
import { ApiError } from "@muxi/protocol";
import { createEmbeddingModel, type EmbeddingModelDeps } from "./create-embedding.ts";
import type { EmbeddingModel } from "./embedding-model.ts";
import type { LocalModels } from "./local-embedding.ts";
import { createVectorOfQuestion, type VectorOfQuestion } from "./question-vectors.ts";

/** The models that make vectors for a formation. */
export interface Embedders {
  /** For memories; undefined when the formation names none. */
  ofMemories: EmbeddingModel | undefined;
  /** For the documents of an agent; undefined when neither it nor the formation names one. */
  ofAgent(agent: AgentDefinition): EmbeddingModel | undefined;
  /** By its name, `provider/name`, such as that of vectors that were made before; undefined when it cannot be had any more. */
  named(id: string): EmbeddingModel | undefined;
  vectorOf: VectorOfQuestion;
}

export interface EmbeddersDeps extends Omit<EmbeddingModelDeps, "local"> {
  formation: Formation;
  /** Where providers' keys are looked up. */
  env: Environment;
  log: { warn(details: object, message: string): void };
}

/** Where the models on this machine are (docs/spec/formation-files.md "Models on this machine"). */
export const localModelsOf = ({ dir }: Pick<Formation, "dir">, env: Environment): LocalModels => ({
  dir,
  folder: env.MUXI_MODELS_FOLDER || path.join(dir, "models"),
});

/** @throws ApiError `INVALID_PARAMETER` when a model is not usable as configured */
export const openEmbedders = (deps: EmbeddersDeps): Embedders => {
  const { formation, env, log } = deps;
  const local = localModelsOf(formation, env);
  /** One for all that use the same: a model on this machine takes memory. */
  const opened = new Map<string, EmbeddingModel>();
  const open = (config: ModelConfig | undefined): EmbeddingModel | undefined => {
    if (!config) return undefined;
    const key = JSON.stringify(config);
    const model = opened.get(key) ?? createEmbeddingModel(config, { ...deps, local });
    opened.set(key, model);
    return model;
  };
  return {
    ofMemories: open(embeddingModelFor(formation, env)),
    ofAgent: (agent) => open(modelFor(formation, "embedding", agent, env)),
    named(id) {
      if (!splitModelId(id)) return undefined;
      try {
        return open(namedModel(formation, id, env));
      } catch (error) {
        if (error instanceof ApiError) return undefined;
        throw error;
      }
    },
    vectorOf: createVectorOfQuestion(log),
  };
};
