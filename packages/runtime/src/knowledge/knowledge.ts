import { setTimeout as delay } from "node:timers/promises";
import { type Formation, sourceId } from "@muxi/formation";
import type { Logger } from "pino";
import type { Embedders } from "../models/index.ts";
import type {
  DocumentPage,
  KnowledgeDocument,
  KnowledgeRepository,
  KnowledgeVectorRepository,
} from "../store/index.ts";
import type { SourceStatus, SourcesElsewhere } from "./elsewhere.ts";
import { createPassageEmbedding } from "./embedding.ts";
import { createIndexer, type Indexer, type IndexerDeps, isIndexing, type KnowingAgent } from "./indexer.ts";
import type { NearWords } from "./near-words.ts";
import { createNearest } from "./nearest.ts";
import { type KnowledgePassage, passageOf, type SearchOptions } from "./place.ts";
import { createKnowledgeSearch } from "./search.ts";
import { type HelpingModels, searchModelsOf } from "./search-models.ts";

/** What an agent knows at the moment, in numbers. */
export interface KnowledgeStatus {
  agent: string;
  /** What its sources are called. */
  sources: string[];
  /** Whether documents are being read, are going to be, or have been. */
  state: "waiting" | "indexing" | "ready";
  documents: number;
  unread: number;
  passages: number;
  /** How many of its documents were looked at, while it is being indexed. */
  progress: { looked: number; found: number } | undefined;
  /** When its sources were looked at last; 0 for never. */
  indexedAt: number;
}

/**
 * The documents of each agent, split into passages and searchable by words (docs/spec/formation-files.md "Knowledge").
 */
export interface Knowledge {
  /**
   * The passages of an agent that fit a question best, best first. Shortly after the start it waits for the documents;
   * later it finds what is indexed.
   */
  search(agentId: string, question: string, options?: SearchOptions): Promise<KnowledgePassage[]>;
  /** A passage of an agent, by its key; undefined when its documents do not have it any more. */
  passage(agentId: string, key: string): Promise<KnowledgePassage | undefined>;
  /** What is known of the documents of each agent that has some. */
  status(): Promise<KnowledgeStatus[]>;
  /** What the sources of an agent are called. */
  sourcesOf(agentId: string): string[];
  /** The documents of an agent. */
  documents(agentId: string, page: DocumentPage): Promise<KnowledgeDocument[]>;
  /**
   * Asks for a look at the sources of an agent, those elsewhere too; one that is under way does not count. Resolves when
   * that is noted.
   *
   * @param anew Sources whose documents are read even if they have not changed.
   */
  ask: Indexer["ask"];
  /** How the sources elsewhere of an agent stand. */
  elsewhere(agentId: string): Promise<SourceStatus[]>;
  /** Resolves when every document is indexed, or it was closed. */
  readonly ready: Promise<void>;
  /** Stops to read documents. */
  close(): Promise<void>;
}

export interface KnowledgeDeps {
  /** Undefined where no model helps to search. */
  models?: HelpingModels;
  /** Undefined where words stand for themselves alone. */
  nearWords?: NearWords | undefined;
  formation: Pick<Formation, "id" | "dir" | "agents">;
  stored: KnowledgeRepository;
  vectors: KnowledgeVectorRepository;
  embedders: Embedders;
  understandingOf?: IndexerDeps["understandingOf"] | undefined;
  /** The sources elsewhere; undefined where no agent has one. */
  elsewhere?: SourcesElsewhere | undefined;
  now: () => number;
  log: Logger;
}

/** The agents of a formation that know something from documents. */
export const knowingAgents = ({ agents }: Pick<Formation, "agents">): KnowingAgent[] =>
  agents.flatMap(({ id, knowledge }) =>
    knowledge?.enabled && knowledge.sources.length > 0 ? [{ agent: id, config: knowledge }] : [],
  );

/** Milliseconds after the start for which searches wait until all is indexed. */
const longestWait = 10_000;

/** Begins to index the documents of the agents. */
export const openKnowledge = (deps: KnowledgeDeps): Knowledge => {
  const { formation, stored, vectors, embedders, elsewhere, now, log } = deps;
  const agents = knowingAgents(formation);
  const ofAgents = new Map(
    formation.agents.flatMap((agent) => {
      const model = agent.knowledge?.enabled ? embedders.ofAgent(agent) : undefined;
      const atOnce = agent.knowledge?.embed_batch_size ?? 1;
      return model ? [[agent.id, { model, atOnce }] as const] : [];
    }),
  );
  const embedding = createPassageEmbedding({
    formationId: formation.id,
    ...{ stored, vectors, ofAgents, now, log },
  });
  const indexer = createIndexer({ ...deps, agents, onIndexed: embedding.wake });
  const nearest = createNearest({
    formationId: formation.id,
    ...{ stored, vectors, embedders, ofAgents },
  });
  const configs = new Map(agents.map(({ agent, config }) => [agent, config]));
  const models = new Map(
    formation.agents.map((agent) => [agent.id, deps.models ? searchModelsOf(agent, deps.models) : {}]),
  );
  const search = createKnowledgeSearch({
    formationId: formation.id,
    modelsOf: (agentId) => models.get(agentId) ?? {},
    configOf: (agentId) => configs.get(agentId),
    ...{ stored, nearWords: deps.nearWords, nearest, log },
  });
  elsewhere?.onSynced(embedding.wake);
  const looked = Promise.all([indexer.ready, elsewhere?.begun]);
  const begun = Promise.race([looked, delay(longestWait, undefined, { ref: false })]);

  return {
    async search(agentId, question, options) {
      const config = configs.get(agentId);
      if (!config) return [];
      await begun;
      return search(agentId, question, { tokens: config.max_context_tokens, ...options });
    },
    async passage(agentId, key) {
      if (!configs.has(agentId)) return undefined;
      await begun;
      const state = await stored.state(formation.id, agentId);
      const row = state && (await stored.passage(state.seq, key));
      return row && passageOf(row, 0);
    },
    async status() {
      const rows = new Map((await stored.overview(formation.id)).map((row) => [row.agentId, row]));
      return agents.map(({ agent, config }) => {
        const row = rows.get(agent);
        const isBusy = row !== undefined && isIndexing(row, now());
        const isWaiting = indexer.isWaiting(agent) || row === undefined || row.askedAt > row.indexedAt;
        return {
          agent,
          sources: config.sources.map(sourceId),
          state: isBusy ? "indexing" : isWaiting ? "waiting" : "ready",
          documents: row?.documents ?? 0,
          unread: row?.unread ?? 0,
          passages: row?.passages ?? 0,
          progress: isBusy ? { looked: row.looked, found: row.found } : undefined,
          indexedAt: row?.indexedAt ?? 0,
        };
      });
    },
    sourcesOf: (agentId) =>
      agents.flatMap(({ agent, config }) => (agent === agentId ? config.sources.map(sourceId) : [])),
    async documents(agentId, page) {
      return stored.list(await stored.open(formation.id, agentId), page);
    },
    async ask(agentId, anew) {
      const look = await indexer.ask(agentId, anew);
      if (!elsewhere) return look;
      const result = Promise.all([look.result, elsewhere.sync(agentId, anew)]).then(([own, synced]) => ({
        sources: [...own.sources, ...synced.sources],
        gone: own.gone + synced.gone,
      }));
      result.catch(() => undefined);
      return { result };
    },
    elsewhere: async (agentId) => (await elsewhere?.status(agentId)) ?? [],
    ready: indexer.ready,
    async close() {
      await Promise.all([indexer.close(), elsewhere?.close()]);
      await embedding.close();
    },
  };
};
