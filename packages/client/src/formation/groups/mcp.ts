import type { McpConfig, McpServer, McpServerList, McpToolList } from "@muxi/protocol/types";
import type { CallOptions, Result } from "../../http/index.ts";
import { access, bareEndpoint, endpoint } from "../index.ts";

/** The MCP servers that the formation uses. Needs the admin key. */
export interface McpServerMethods {
  /** Lists the MCP servers with their states and tools. */
  list(options?: CallOptions): Promise<Result<McpServerList>>;

  /** Reads the settings of one MCP server, its state and its tools. */
  get(
    args: {
      /** Id of the tool server. */
      serverId: string;
    },
    options?: CallOptions,
  ): Promise<Result<McpServer>>;
}

/** MCP servers and their tools. Needs the admin key (docs/spec/formation-api.md "Configuration"). */
export interface McpMethods {
  /** Reads the settings that MCP servers share. */
  config(options?: CallOptions): Promise<Result<McpConfig>>;

  /** Lists the tools of all MCP servers that can be used at the moment. */
  tools(options?: CallOptions): Promise<Result<McpToolList>>;

  /** The MCP servers. */
  readonly servers: McpServerMethods;
}

export const createMcp = (): McpMethods => ({
  config: bareEndpoint("getMcpConfig", "GET", "/mcp", access.admin),
  tools: bareEndpoint("getMcpTools", "GET", "/mcp/tools", access.admin),
  servers: {
    list: bareEndpoint("getMcpServers", "GET", "/mcp/servers", access.admin),
    get: endpoint("getMcpServer", "GET", "/mcp/servers/{serverId}", access.admin, {}),
  },
});
