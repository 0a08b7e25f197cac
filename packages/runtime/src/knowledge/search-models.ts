import type { AgentDefinition, KnowledgeConfig } from "@muxi/formation";
import type { FormationModels } from "../models/index.ts";
import type { Completion } from "./completion.ts";
import type { Reranking } from "./rerank.ts";
import type { OutlineReader } from "./section-choice.ts";

/** What helps to search what an agent knows, where its knowledge names models for it. */
export interface SearchModels {
  reranking?: Reranking;
  completion?: Completion;
  /** Chooses sections by the outlines of documents. */
  reader?: OutlineReader;
  /** Says whether what was chosen is enough. */
  judge?: OutlineReader;
}

/** The models of the formation among which knowledge names some. */
export type HelpingModels = Pick<FormationModels, "modelNamed" | "modelOf" | "rerankerOf">;

/** Whether documents of an agent are searched by their outlines. */
const readsOutlines = ({ retrieval, sources, tree, reasoning_threshold }: KnowledgeConfig): boolean => {
  const mayBecomeTree = tree.model !== undefined && reasoning_threshold > 0;
  return sources.some((source) => {
    const asked = source.retrieval ?? retrieval;
    return asked === undefined ? mayBecomeTree : asked !== "vector";
  });
};

export const searchModelsOf = (agent: AgentDefinition, models: HelpingModels): SearchModels => {
  const { knowledge } = agent;
  if (!knowledge?.enabled) return {};
  const { rerank, follow_ups, tree } = knowledge;
  const reranker = models.rerankerOf(agent);
  const patience = tree.timeout_seconds * 1000;
  const reading = (name: string | undefined) =>
    name === undefined ? models.modelOf(agent) : models.modelNamed(name);
  return {
    ...(readsOutlines(knowledge) && {
      reader: { model: reading(tree.model), patience },
      judge: { model: reading(tree.terminator_model ?? tree.model), patience },
    }),
    ...(rerank && reranker && { reranking: { reranker, candidates: rerank.candidates } }),
    ...(follow_ups && {
      completion: {
        model: models.modelNamed(follow_ups.model),
        patience: follow_ups.timeout_seconds * 1000,
      },
    }),
  };
};
