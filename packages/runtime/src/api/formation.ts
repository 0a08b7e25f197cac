import type { AgentDefinition, Formation } from "@muxi/formation";
import { type Agent, ApiError, agentSchema } from "@muxi/protocol";
import * as z from "zod";
import type { Model } from "../models/index.ts";
import type { Runs } from "../overlord/index.ts";
import { type HealthCheck, storageRetryAfter } from "../store/index.ts";
import type { Toolbox } from "../tools/index.ts";
import type { Endpoints } from "./endpoint.ts";

interface FormationDeps {
  formation: Formation;
  /** The model that answers for each agent, by agent id. */
  models: ReadonlyMap<string, Model>;
  runs: Runs;
  toolbox: Pick<Toolbox, "servers">;
  checkHealth: HealthCheck;
  /** Whether this process is about to end. */
  isDraining: () => boolean;
  /** Unix milliseconds of the start. */
  startedAt: number;
  now: () => number;
}

const megabytes = (bytes: number) => Math.round((bytes / 2 ** 20) * 10) / 10;

const shownFields = [
  "system_message",
  "author",
  "url",
  "license",
  "version",
  "llm_models",
  "mcp_servers",
] as const;

const knowledgeSources = z.object({ sources: z.array(z.record(z.string(), z.unknown())) });

/** Takes texts from the agent as written, since its definition has secrets filled in. */
const wireAgent = (
  { document, id, name, role, specialties, source }: AgentDefinition,
  model: Model | undefined,
): Agent => {
  const knowledge = knowledgeSources.safeParse(document.knowledge).data?.sources;
  return agentSchema().parse({
    ...Object.fromEntries(shownFields.map((field) => [field, document[field]])),
    id,
    name,
    description: document.description,
    active: true,
    role,
    specialties,
    model: model?.id,
    knowledge,
    source,
  });
};

/** Health, status, configuration and agents (docs/spec/formation-api.md "Health and status" and "Agents"). */
export const formationEndpoints = ({
  formation,
  models,
  runs,
  toolbox,
  checkHealth,
  isDraining,
  startedAt,
  now,
}: FormationDeps) =>
  ({
    async getHealth() {
      const state = { formation_id: formation.id, version: formation.version };
      const refusal = (status: string, message: string) =>
        new ApiError("SERVICE_UNAVAILABLE", message, {
          data: { status, ...state },
          retryAfter: storageRetryAfter,
        });
      if (isDraining()) throw refusal("draining", "This process is about to end: ask another one");
      const problem = await checkHealth();
      if (problem === undefined) return { status: "healthy", ...state };
      throw refusal("unhealthy", `The formation's database ${problem}`);
    },

    async getStatus() {
      const { id, name, description, version, agents, manifest } = formation;
      const used = megabytes(process.memoryUsage.rss());
      const toolServers = toolbox.servers;
      return {
        formation: { id, name, description, version },
        agents: { count: agents.length, active: agents.length },
        mcp_servers: {
          count: toolServers.length,
          active: toolServers.filter(({ tools }) => tools.length > 0).length,
        },
        stats: {
          running: { seconds: Math.floor((now() - startedAt) / 1000), since: startedAt / 1000 },
          memory: { working_memory_mb: used, memory_usage_mb: used },
          requests: { total: runs.total, active: runs.active },
          buffer_size: manifest.memory.buffer.size,
          cpu_percent: null,
        },
      };
    },

    async getConfig() {
      const { mcp } = formation.manifest;
      return {
        formation_id: formation.id,
        version: formation.version,
        description: formation.description,
        schema_version: formation.manifest.schema,
        agents: { total: formation.agents.length, resource: "/v1/agents" },
        secrets: { total: formation.secretNames.length, resource: "/v1/secrets" },
        mcp: {
          default_retry_attempts: mcp.default_retry_attempts,
          default_timeout_seconds: mcp.default_timeout_seconds,
          servers: { total: toolbox.servers.length, resource: "/v1/mcp/servers" },
        },
        overlord: { resource: "/v1/overlord" },
        llm: { resource: "/v1/llm/settings" },
        memory: { resource: "/v1/memory" },
        async: { resource: "/v1/async" },
        scheduler: { resource: "/v1/scheduler" },
        a2a: { resource: "/v1/a2a" },
        logging: { resource: "/v1/logging" },
      };
    },

    async getFormation() {
      return formation.document;
    },

    async getAgents() {
      const { agents } = formation;
      return { agents: agents.map((agent) => wireAgent(agent, models.get(agent.id))), count: agents.length };
    },

    async getAgent({ params: { agent_id } }) {
      const agent = formation.agents.find(({ id }) => id === agent_id);
      if (!agent)
        throw new ApiError("AGENT_NOT_FOUND", `Agent '${agent_id}' not found: GET /v1/agents lists them`);
      return wireAgent(agent, models.get(agent_id));
    },
  }) satisfies Partial<Endpoints>;
