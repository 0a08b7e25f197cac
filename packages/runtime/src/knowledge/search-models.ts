import type { AgentDefinition } from "@muxi/formation";
import type { FormationModels, Model } from "../models/index.ts";
import type { Reranking } from "./rerank.ts";

/** What helps to search what an agent knows, where its knowledge names models for it. */
export interface SearchModels {
  reranking?: Reranking;
  /** Completes messages that lean on those before them. */
  completing?: Model;
}

/** The models of the formation among which knowledge names some. */
export type HelpingModels = Pick<FormationModels, "modelNamed" | "rerankerOf">;

export const searchModelsOf = (agent: AgentDefinition, models: HelpingModels): SearchModels => {
  const { knowledge } = agent;
  if (!knowledge?.enabled) return {};
  const { rerank, follow_ups } = knowledge;
  const reranker = models.rerankerOf(agent);
  return {
    ...(rerank && reranker && { reranking: { reranker, candidates: rerank.candidates } }),
    ...(follow_ups && { completing: models.modelNamed(follow_ups.model) }),
  };
};
