import { ApiError, type McpServer } from "@muxi/protocol";
import type { Redactor } from "../observability/index.ts";
import type { ServerState, Toolbox } from "../tools/index.ts";
import type { Endpoints } from "./endpoint.ts";

interface McpServerDeps {
  toolbox: Pick<Toolbox, "servers">;
  redactor: Redactor;
}

/** The tool servers and their tools (docs/spec/formation-api.md "Configuration"). */
export const mcpServerEndpoints = ({ toolbox, redactor }: McpServerDeps) => {
  const shown = ({ definition, tools, unusable, problem, isStarting }: ServerState): McpServer => ({
    ...definition.document,
    id: definition.id,
    status: {
      state: isStarting ? "starting" : problem === undefined ? "ready" : "failed",
      tools: tools.map(({ name }) => name),
      unusable_tools: unusable,
      ...(problem !== undefined && { problem: redactor.text(problem) }),
    },
  });

  return {
    async getMcpServers() {
      const servers = toolbox.servers.map(shown);
      return { servers, count: servers.length };
    },

    async getMcpServer({ params: { server_id } }) {
      const server = toolbox.servers.find(({ definition }) => definition.id === server_id);
      if (server) return shown(server);
      throw new ApiError(
        "MCP_SERVER_NOT_FOUND",
        `MCP server '${server_id}' not found: GET /v1/mcp/servers lists them`,
      );
    },

    /** With tool names as models see them. */
    async getMcpTools() {
      return {
        tools: toolbox.servers.flatMap(({ definition, tools }) =>
          tools.map(({ name, description, schema }) => ({
            name: `${definition.id}__${name}`,
            description,
            access: "client" as const,
            parameters: schema,
          })),
        ),
      };
    },
  } satisfies Partial<Endpoints>;
};
