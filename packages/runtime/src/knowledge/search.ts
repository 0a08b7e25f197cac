import type { KnowledgeConfig } from "@muxi/formation";
import type { Logger } from "pino";
import { type KnowledgeRepository, type KnowledgeState, passagesOfOne } from "../store/index.ts";
import { chosenOf } from "./choice.ts";
import { completedBy } from "./completion.ts";
import type { NearWords } from "./near-words.ts";
import { withNeighboursJoined } from "./neighbours.ts";
import { type KnowledgePassage, passageOf, type SearchOptions } from "./place.ts";
import { type Question, questionOf } from "./question.ts";
import { fused, type Ranking } from "./ranking.ts";
import { reranked } from "./rerank.ts";
import type { SearchModels } from "./search-models.ts";
import { createSectionSearch, type FoundSections } from "./section-search.ts";
import { createWordSearch } from "./word-search.ts";

/** Passages that are ranked for each one that is wanted, since doubles and what is being replaced fall out, and at most. */
const rankedForOne = 3;
const mostRanked = 300;
/** Passages that are looked up together. */
const lookedUpTogether = 10;
const mostPassages = 20;
/** Documents that a filter may leave, and passages to compare in meaning for each that is wanted of them. */
const mostFiltered = 2_000;
const rankedForFiltered = 5;

/** The passages of an agent whose meaning is nearest to that of a text, nearest first. */
export type Nearest = (
  agentId: string,
  text: string,
  most: number,
) => Promise<readonly { id: number; score: number }[]>;

export interface SearchDeps {
  formationId: string;
  stored: KnowledgeRepository;
  modelsOf: (agentId: string) => SearchModels;
  /** The knowledge of an agent; undefined where it has none. */
  configOf: (agentId: string) => KnowledgeConfig | undefined;
  log: Pick<Logger, "warn">;
  /** Undefined where words stand for themselves alone. */
  nearWords?: NearWords | undefined;
  /** Gives none where passages have no vectors. */
  nearest: Nearest;
}

/** How much a search may give. */
type Room = Required<Pick<SearchOptions, "limit" | "tokens">>;

/** Sections and passages, which cannot be compared: one of each after the other. */
async function* inTurn(
  one: readonly KnowledgePassage[],
  other: readonly KnowledgePassage[],
): AsyncGenerator<KnowledgePassage> {
  for (let at = 0; at < Math.max(one.length, other.length); at++) {
    for (const passage of [one[at], other[at]]) if (passage) yield { ...passage, score: 1 - at / 100 };
  }
}

/** Finds what an agent knows about a question (docs/spec/formation-files.md "Search"). */
export type KnowledgeSearch = (
  agentId: string,
  message: string,
  options: SearchOptions & { tokens: number },
) => Promise<KnowledgePassage[]>;

export const createKnowledgeSearch = ({
  formationId,
  stored,
  modelsOf,
  configOf,
  nearWords,
  nearest,
  log,
}: SearchDeps): KnowledgeSearch => {
  const byWords = createWordSearch(stored, nearWords);
  const bySections = createSectionSearch({ stored, log });

  const byMeaning = async (
    agentId: string,
    text: string,
    most: number,
    within: readonly number[] | undefined,
  ): Promise<Ranking> => {
    const near = await nearest(agentId, text, within ? most * rankedForFiltered : most);
    const documents = within && new Set(within);
    const wanted = documents ? near.filter(({ id }) => documents.has(Math.floor(id / passagesOfOne))) : near;
    return new Map(wanted.slice(0, most).map(({ id, score }) => [id, score]));
  };

  /** Those of a ranking that searches may see, the best first. */
  async function* passagesOf(ranking: Ranking): AsyncGenerator<KnowledgePassage> {
    const ids = [...ranking.keys()];
    for (let at = 0; at < ids.length; at += lookedUpTogether) {
      const some = ids.slice(at, at + lookedUpTogether);
      const rows = new Map((await stored.passages(some)).map((row) => [row.id, row]));
      for (const id of some) {
        const row = rows.get(id);
        if (row) yield passageOf(row, ranking.get(id) ?? 0);
      }
    }
  }

  const rankingOf = async (
    agentId: string,
    state: KnowledgeState,
    question: Question,
    most: number,
    within?: readonly number[],
  ): Promise<Ranking> =>
    fused(
      await Promise.all([
        byWords(state, question, most, within),
        byMeaning(agentId, question.text, most, within),
      ]),
      most,
    );

  const byPassages = async (
    agentId: string,
    state: KnowledgeState,
    question: Question,
    room: Room,
    within: readonly number[] | undefined,
  ): Promise<KnowledgePassage[]> => {
    const { reranking } = modelsOf(agentId);
    const wanted = Math.max(room.limit, reranking?.candidates ?? 0);
    const most = Math.min(wanted * rankedForOne, mostRanked);
    const found = passagesOf(await rankingOf(agentId, state, question, most, within));
    return chosenOf(reranking ? reranked(found, question.text, reranking, log) : found, room);
  };

  const sectionsOf = async (
    agentId: string,
    state: KnowledgeState,
    question: Question,
    room: Room,
  ): Promise<FoundSections | undefined> => {
    const config = configOf(agentId);
    if (!config) return undefined;
    return bySections(
      state,
      question.text,
      { config, ...modelsOf(agentId) },
      {
        nearest: (text, most) => byMeaning(agentId, text, most, undefined),
        best: (text, most, within) => rankingOf(agentId, state, questionOf(text), most, within),
      },
      room,
    );
  };

  return async (agentId, message, { limit = mostPassages, tokens, earlier = [], filter }) => {
    const { completion } = modelsOf(agentId);
    const question = completion
      ? await completedBy(completion, message, earlier, log)
      : questionOf(message, earlier);
    if (question.words.size === 0) return [];
    const state = await stored.state(formationId, agentId);
    if (!state || state.passages === 0) return [];
    const room = { limit, tokens };
    const within = filter && (await stored.matching(state.seq, filter, mostFiltered));
    if (within?.length === 0) return [];
    const sections = filter ? undefined : await sectionsOf(agentId, state, question, room);
    if (!sections) return withNeighboursJoined(await byPassages(agentId, state, question, room, within));
    const others =
      sections.rest.length === 0 ? [] : await byPassages(agentId, state, question, room, sections.rest);
    return withNeighboursJoined(await chosenOf(inTurn(sections.passages, others), room));
  };
};
