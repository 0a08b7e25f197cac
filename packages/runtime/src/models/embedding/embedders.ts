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

export interface EmbeddersDeps extends EmbeddingModelDeps {
  formation: Formation;
  /** Where providers' keys are looked up. */
  env: Environment;
  log: { warn(details: object, message: string): void };
}

/** @throws ApiError `INVALID_PARAMETER` when a model is not usable as configured */
export const openEmbedders = (deps: EmbeddersDeps): Embedders => {
  const { formation, env, log } = deps;
  const open = (config: ModelConfig | undefined) => config && createEmbeddingModel(config, deps);
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
