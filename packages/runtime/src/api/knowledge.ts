import type { Formation } from "@muxi/formation";
import { ApiError } from "@muxi/protocol";
import * as z from "zod";
import {
  type Knowledge,
  type KnowledgeStatus,
  placeOf,
  type SourceResult,
  type SourceStatus,
} from "../knowledge/index.ts";
import type { Endpoints } from "./endpoint.ts";
import { readPart } from "./list-page.ts";

interface KnowledgeDeps {
  formation: Pick<Formation, "agents">;
  knowledge: Knowledge;
  now: () => number;
}

const failureSchema = z.object({ code: z.string(), reason: z.string() });

const noSource = (sourceId: string) =>
  new ApiError("RESOURCE_NOT_FOUND", `Source '${sourceId}' not found: GET /v1/knowledge lists them`);

const synced = ({ source, documents, read, unread, passages, failure }: SourceResult) => ({
  source_id: source,
  status: failure === undefined ? ("synced" as const) : ("failed" as const),
  documents,
  read,
  unread,
  passages,
  ...(failure !== undefined && { error: failure }),
});

/** How the sources of an agent that are elsewhere stand. */
const standing = (sources: readonly SourceStatus[]) =>
  sources.length === 0
    ? {}
    : {
        elsewhere: sources.map(({ source, syncedAt, dueAt, failure }) => ({
          source_id: source,
          synced_at: syncedAt === 0 ? null : syncedAt,
          due_at: dueAt ?? null,
          error: failure,
        })),
      };

/** What became of the sources of an agent of which some were to be read anew. */
const rebuilt = (sources: readonly SourceResult[], anew: readonly string[]) => {
  const asked = sources.filter(({ source }) => anew.includes(source));
  return {
    rebuilt: asked.flatMap(({ source, passages, failure }) =>
      failure === undefined ? [{ source_id: source, node_count: passages }] : [],
    ),
    failed: asked.flatMap(({ source, failure }) =>
      failure === undefined ? [] : [{ source_id: source, error: failure }],
    ),
    skipped: sources.flatMap(({ source }) => (anew.includes(source) ? [] : [{ source_id: source }])),
  };
};

/** What agents know from documents (docs/spec/formation-api.md "Knowledge"). */
export const knowledgeEndpoints = ({ formation, knowledge, now }: KnowledgeDeps) => {
  const requireAgent = (agentId: string): void => {
    if (!formation.agents.some(({ id }) => id === agentId))
      throw new ApiError("AGENT_NOT_FOUND", `Agent '${agentId}' not found: GET /v1/agents lists them`);
  };

  return {
    async getKnowledge() {
      const all = await knowledge.status();
      const elsewhere = new Map(
        await Promise.all(all.map(async ({ agent }) => [agent, await knowledge.elsewhere(agent)] as const)),
      );
      return {
        agents: all.map(
          ({ agent, sources, state, documents, unread, passages, progress, indexedAt }: KnowledgeStatus) => ({
            agent_id: agent,
            sources,
            state,
            documents,
            unread,
            passages,
            ...(progress && { progress }),
            indexed_at: indexedAt === 0 ? null : indexedAt,
            ...standing(elsewhere.get(agent) ?? []),
          }),
        ),
        count: all.length,
      };
    },

    async getKnowledgeDocuments({ params: { agent_id }, query }) {
      requireAgent(agent_id);
      const { rows, next } = await readPart(
        query,
        (page) => knowledge.documents(agent_id, { ...page, state: query.state }),
        ({ indexedAt: at, seq }) => ({ at, seq }),
      );
      return {
        agent_id,
        documents: rows.map(({ source, failure, passages, indexedAt }) => ({
          document: source,
          state: failure === null ? ("ready" as const) : ("unread" as const),
          failure: failure === null ? null : failureSchema.parse(JSON.parse(failure)),
          passages,
          indexed_at: indexedAt,
        })),
        count: rows.length,
        next,
      };
    },

    async searchKnowledge({ params: { agent_id }, query: { query, limit } }) {
      requireAgent(agent_id);
      const found = await knowledge.search(agent_id, query, { limit });
      const passages = found.map((passage) => ({
        document: passage.source,
        place: placeOf(passage),
        headings: [...passage.headings],
        score: passage.score,
        text: passage.text,
      }));
      return { agent_id, query, passages, count: passages.length };
    },

    async syncKnowledge({ params: { agent_id }, body: { source_id, wait } }) {
      requireAgent(agent_id);
      const sources = knowledge.sourcesOf(agent_id);
      if (sources.length === 0)
        throw new ApiError("INVALID_REQUEST", `Agent '${agent_id}' has no sources of knowledge`);
      if (source_id !== undefined && !sources.includes(source_id)) throw noSource(source_id);
      const begun = now();
      const look = await knowledge.ask(agent_id);
      if (!wait) return { agent_id, status: "processing", results: [], removed: 0, duration_ms: 0 };
      const result = await look.result;
      const asked = result.sources.filter(({ source }) => source_id === undefined || source === source_id);
      return {
        agent_id,
        status: "completed",
        results: asked.map(synced),
        removed: result.gone,
        duration_ms: now() - begun,
      };
    },

    async rebuildKnowledge({ body: { agent_id, source_id, wait } }) {
      if (agent_id !== undefined) requireAgent(agent_id);
      const asked = formation.agents.flatMap(({ id }) => {
        const sources = agent_id === undefined || agent_id === id ? knowledge.sourcesOf(id) : [];
        const anew = sources.filter((source) => source_id === undefined || source === source_id);
        return anew.length > 0 ? [{ id, anew }] : [];
      });
      if (source_id !== undefined && asked.length === 0) throw noSource(source_id);
      const named = { source_id: source_id ?? null };
      const looks = await Promise.all(
        asked.map(async ({ id, anew }) => ({ id, anew, look: await knowledge.ask(id, anew) })),
      );
      if (!wait) return { status: "processing", agents: {}, ...named };
      const agents = await Promise.all(
        looks.map(async ({ id, anew, look }) => [id, rebuilt((await look.result).sources, anew)] as const),
      );
      return { status: "completed", agents: Object.fromEntries(agents), ...named };
    },
  } satisfies Partial<Endpoints>;
};
