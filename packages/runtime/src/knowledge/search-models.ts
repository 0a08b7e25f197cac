import type { AgentDefinition } from "@muxi/formation";
import type { FormationModels } from "../models/index.ts";
import type { Completion } from "./completion.ts";
import type { Reranking } from "./rerank.ts";

/** What helps to search what an agent knows, where its knowledge names models for it. */
export interface SearchModels {
  reranking?: Reranking;
  completion?: Completion;
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
    ...(follow_ups && {
      completion: {
        model: models.modelNamed(follow_ups.model),
        patience: follow_ups.timeout_seconds * 1000,
      },
    }),
  };
};
