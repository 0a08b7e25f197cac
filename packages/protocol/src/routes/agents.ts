import { agentListSchema, agentSchema } from "../schemas/index.ts";
import { agentId } from "./parameters.ts";
import { type Route, route } from "./route.ts";

/** Agents (docs/spec/formation-api.md "Agents"). */
export const agentsRoutes = {
  getAgents: route({
    method: "GET",
    path: "/agents",
    summary: "List the agents",
    tag: "Agents",
    key: "admin",
    object: "agent_list",
    type: "agent.list",
    data: agentListSchema,
  }),
  getAgent: route({
    method: "GET",
    path: "/agents/{agent_id}",
    summary: "Get an agent",
    tag: "Agents",
    key: "admin",
    params: agentId,
    object: "agent",
    type: "agent.retrieved",
    data: agentSchema,
    errors: ["AGENT_NOT_FOUND"],
  }),
} as const satisfies Record<string, Route>;
