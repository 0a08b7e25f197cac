import * as z from "zod";
import {
  configBlockSchema,
  loggingDestinationsSchema,
  mcpConfigSchema,
  mcpServerListSchema,
  mcpToolListSchema,
  personaSchema,
} from "../configuration.ts";
import { lazy } from "../lazy.ts";
import { type Route, route } from "../route.ts";
import { id } from "./parameters.ts";

const read = { method: "GET", tag: "Configuration", key: "admin" } as const;

const serverId = lazy(() => z.object({ server_id: id("Id of the tool server") }));

/** The blocks of the configuration (docs/spec/formation-api.md "Configuration"). */
export const configurationRoutes = {
  getAsyncConfig: route({
    ...read,
    path: "/async",
    summary: "How requests run in the background",
    object: "async",
    type: "async.retrieved",
    data: configBlockSchema,
  }),
  getMcpConfig: route({
    ...read,
    path: "/mcp",
    summary: "Defaults for tool servers, and the servers",
    object: "mcp_defaults",
    type: "mcp.defaults.retrieved",
    data: mcpConfigSchema,
  }),
  getMcpServers: route({
    ...read,
    path: "/mcp/servers",
    summary: "The tool servers",
    object: "mcp_server_list",
    type: "mcp.server.list",
    data: mcpServerListSchema,
  }),
  getMcpServer: route({
    ...read,
    path: "/mcp/servers/{server_id}",
    summary: "One tool server",
    params: serverId,
    object: "mcp_server",
    type: "mcp.server.retrieved",
    data: configBlockSchema,
    errors: ["MCP_SERVER_NOT_FOUND"],
  }),
  getMcpTools: route({
    ...read,
    path: "/mcp/tools",
    summary: "The tools of all tool servers that can be used at the moment",
    object: "list",
    type: "mcp_tool.list",
    data: mcpToolListSchema,
  }),
  getLlmSettings: route({
    ...read,
    path: "/llm/settings",
    summary: "The models, and how they are used",
    object: "llm_settings",
    type: "llm.settings.retrieved",
    data: configBlockSchema,
  }),
  getOverlordConfig: route({
    ...read,
    path: "/overlord",
    summary: "How the overlord answers, plans and asks back",
    object: "overlord_config",
    type: "overlord.config.retrieved",
    data: configBlockSchema,
  }),
  getOverlordPersona: route({
    ...read,
    path: "/overlord/persona",
    summary: "As whom the overlord speaks",
    object: "persona",
    type: "persona.retrieved",
    data: personaSchema,
  }),
  getOverlordSoul: route({
    ...read,
    path: "/overlord/soul",
    summary: "As whom the overlord speaks",
    object: "soul",
    type: "soul.retrieved",
    data: personaSchema,
  }),
  getA2aConfig: route({
    ...read,
    path: "/a2a",
    summary: "How agents and formations talk to one another",
    object: "a2a",
    type: "a2a.retrieved",
    data: configBlockSchema,
  }),
  getLoggingConfig: route({
    ...read,
    path: "/logging",
    summary: "What is logged, and how",
    object: "logging",
    type: "logging.retrieved",
    data: configBlockSchema,
  }),
  getLoggingDestinations: route({
    ...read,
    path: "/logging/destinations",
    summary: "Where the log goes",
    object: "logging_destination_list",
    type: "logging.destinations.list",
    data: loggingDestinationsSchema,
  }),
} as const satisfies Record<string, Route>;
