import * as z from "zod";
import { lazy } from "../base/index.ts";
import {
  configBlockSchema,
  loggingDestinationsSchema,
  mcpConfigSchema,
  mcpServerListSchema,
  mcpServerSchema,
  mcpToolListSchema,
  personaSchema,
} from "../schemas/index.ts";
import { id } from "./parameters.ts";
import { type Route, route } from "./route.ts";

const read = { method: "GET", tag: "Configuration", key: "admin" } as const;

const serverId = lazy(() => z.object({ server_id: id("Id of the tool server") }));

/** The blocks of the configuration (docs/spec/formation-api.md "Configuration"). */
export const configurationRoutes = {
  getAsyncConfig: route({
    ...read,
    path: "/async",
    summary: "Get the settings for answers in the background",
    object: "async",
    type: "async.retrieved",
    data: configBlockSchema,
  }),
  getMcpConfig: route({
    ...read,
    path: "/mcp",
    summary: "Get the settings for tool servers, and the servers",
    object: "mcp_defaults",
    type: "mcp.defaults.retrieved",
    data: mcpConfigSchema,
  }),
  getMcpServers: route({
    ...read,
    path: "/mcp/servers",
    summary: "List the tool servers, with their states and tools",
    object: "mcp_server_list",
    type: "mcp.server.list",
    data: mcpServerListSchema,
  }),
  getMcpServer: route({
    ...read,
    path: "/mcp/servers/{server_id}",
    summary: "Get a tool server, with its state and tools",
    params: serverId,
    object: "mcp_server",
    type: "mcp.server.retrieved",
    data: mcpServerSchema,
    errors: ["MCP_SERVER_NOT_FOUND"],
  }),
  getMcpTools: route({
    ...read,
    path: "/mcp/tools",
    summary: "List the tools of all tool servers that can be reached at the moment",
    object: "list",
    type: "mcp_tool.list",
    data: mcpToolListSchema,
  }),
  getLlmSettings: route({
    ...read,
    path: "/llm/settings",
    summary: "Get the models and how they are used",
    object: "llm_settings",
    type: "llm.settings.retrieved",
    data: configBlockSchema,
  }),
  getOverlordConfig: route({
    ...read,
    path: "/overlord",
    summary: "Get the settings for answering, planning and asking back",
    object: "overlord_config",
    type: "overlord.config.retrieved",
    data: configBlockSchema,
  }),
  getOverlordPersona: route({
    ...read,
    path: "/overlord/persona",
    summary: "Get who the formation is and how it speaks",
    object: "persona",
    type: "persona.retrieved",
    data: personaSchema,
  }),
  getOverlordSoul: route({
    ...read,
    path: "/overlord/soul",
    summary: "Get who the formation is and how it speaks",
    object: "soul",
    type: "soul.retrieved",
    data: personaSchema,
  }),
  getA2aConfig: route({
    ...read,
    path: "/a2a",
    summary: "Get the settings for agents of other formations",
    object: "a2a",
    type: "a2a.retrieved",
    data: configBlockSchema,
  }),
  getLoggingConfig: route({
    ...read,
    path: "/logging",
    summary: "Get the settings for logs",
    object: "logging",
    type: "logging.retrieved",
    data: configBlockSchema,
  }),
  getLoggingDestinations: route({
    ...read,
    path: "/logging/destinations",
    summary: "List where the logs go",
    object: "logging_destination_list",
    type: "logging.destinations.list",
    data: loggingDestinationsSchema,
  }),
} as const satisfies Record<string, Route>;
