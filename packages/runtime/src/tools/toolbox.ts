import type { Tool as McpTool } from "@modelcontextprotocol/client";
import {
  type AgentDefinition,
  credentialServices,
  type Environment,
  type Formation,
  isServerDefinition,
  type McpServerDefinition,
  type ToolFilter,
} from "@muxi/formation";
import type { Owner } from "../store/index.ts";
import { createMcpConnection, type McpConnection } from "./connection.ts";
import { idlePatterns, narrow } from "./filter.ts";
import type { Tool } from "./tool.ts";
import {
  asFormation,
  type CredentialSource,
  chosenCredential,
  chosenCredentialSchema,
  createUserServer,
  type UserServer,
} from "./user-server.ts";

export interface ToolboxDeps {
  formation: Formation;
  /** The formation's environment. Programs get only the few variables that they need. */
  env: Environment;
  credentials: CredentialSource;
  log: { info(details: object, message: string): void; warn(details: object, message: string): void };
  now: () => number;
}

/** The tools of the formation's MCP servers. */
export interface Toolbox {
  /**
   * The tools that an agent may call for a user; undefined when it has no MCP servers (docs/spec/formation-files.md
   * "Tools of an agent").
   */
  toolsOf(agent: AgentDefinition, owner: Owner): Promise<readonly Tool[]> | undefined;
  /** All servers by id, with their tools as far as they are known. */
  readonly servers: ReadonlyMap<string, { definition: McpServerDefinition; tools: readonly McpTool[] }>;
  /** Closes the connections and ends the programs. */
  close(): Promise<void>;
}

interface ToolServer {
  definition: McpServerDefinition;
  connection: McpConnection;
  /** For a server that each user reaches with credentials of their own. */
  ofUsers: UserServer | undefined;
  /** The tools that the server offers and its filter lets through. */
  tools: readonly McpTool[];
  /** Resolves when the tools have been listed, or that has failed. */
  listed: Promise<void>;
  failedAt: number | undefined;
}

interface Grant {
  server: ToolServer;
  filter: ToolFilter | undefined;
}

/**
 * How long a request waits for servers that are still starting, in milliseconds. Then it goes on without their tools.
 */
const patience = 5_000;
/** How long to leave a server alone after a failure, in milliseconds. */
const pauseAfterFailure = 30_000;
/** Longest name of a tool that all providers accept. */
const longestName = 64;

/** `server__tool` in the characters and the length that providers accept, made unique by a number. */
const nameFor = (serverId: string, toolName: string, taken: ReadonlySet<string>): string => {
  const plain = `${serverId}__${toolName}`.replaceAll(/[^A-Za-z0-9_-]/g, "_").slice(0, longestName);
  let name = plain;
  for (let number = 2; taken.has(name); number++) {
    name = `${plain.slice(0, longestName - 4)}_${number}`;
  }
  return name;
};

/** Connects to the formation's MCP servers in the background. One that fails is logged and skipped. */
export const createToolbox = ({ formation, env, credentials, log, now }: ToolboxDeps): Toolbox => {
  const { mcp, input_limits } = formation.manifest;

  const list = async (server: ToolServer): Promise<void> => {
    const { definition, connection } = server;
    const { id } = definition;
    try {
      const offered = await connection.list();
      const names = offered.map(({ name }) => name);
      for (const { pattern, similar } of idlePatterns(names, definition.tools)) {
        log.warn({ server: id, pattern, similar }, "a pattern in tools matches none of the server's tools");
      }
      const kept = new Set(narrow(names, definition.tools));
      server.tools = offered.filter(({ name }) => kept.has(name));
      server.failedAt = undefined;
      if (server.tools.length > 0) log.info({ server: id, tools: [...kept] }, "MCP server is connected");
      else
        log.warn(
          { server: id, offered: names },
          "the MCP server offers no tools that its filter lets through: it is skipped",
        );
    } catch (error) {
      server.failedAt = now();
      log.warn({ err: error, server: id }, "the MCP server cannot be used: it is skipped");
    }
  };

  const connect = (definition: McpServerDefinition): McpConnection =>
    createMcpConnection(definition, {
      dir: formation.dir,
      env,
      timeout: (definition.timeout_seconds ?? mcp.default_timeout_seconds) * 1000,
      tries: Math.max(1, definition.max_retries ?? mcp.default_retry_attempts),
      idleTime: (definition.connection_ttl ?? mcp.connection_ttl) * 1000,
      outputLimit: input_limits.max_tool_output_size,
    });

  const start = (definition: McpServerDefinition): ToolServer => {
    const isOfUsers = credentialServices(definition).length > 0;
    const server: ToolServer = {
      definition,
      connection: connect(isOfUsers ? asFormation(definition, credentials) : definition),
      ofUsers: isOfUsers ? createUserServer(definition, credentials, connect) : undefined,
      tools: [],
      listed: Promise.resolve(),
      failedAt: undefined,
    };
    server.listed = list(server);
    return server;
  };

  const shared = new Map(formation.mcpServers.map((definition) => [definition.id, start(definition)]));
  const isExplicit = formation.agents.some(({ mcp_servers }) => mcp_servers.length > 0);

  const grantsOf = (agent: AgentDefinition): Grant[] => {
    if (!isExplicit) return [...shared.values()].map((server) => ({ server, filter: undefined }));
    return agent.mcp_servers.map((entry) => {
      if (isServerDefinition(entry)) return { server: start(entry), filter: undefined };
      const server = shared.get(entry.id);
      if (!server)
        throw new Error(`the agent ${agent.id} uses an MCP server ${entry.id} that was not loaded`);
      return { server, filter: entry.tools };
    });
  };
  const grants = new Map(formation.agents.map((agent) => [agent.id, grantsOf(agent)]));
  const all = new Set([...shared.values(), ...[...grants.values()].flat().map(({ server }) => server)]);

  const toolOf = (
    { definition: { id }, connection, ofUsers }: ToolServer,
    { name, description = "", inputSchema }: McpTool,
    shownName: string,
    owner: Owner,
  ): Tool => {
    const parameters = ofUsers
      ? {
          ...inputSchema,
          properties: { ...inputSchema.properties, [chosenCredential]: chosenCredentialSchema },
        }
      : inputSchema;
    return {
      definition: { name: shownName, description, parameters },
      server: id,
      call: (args, signal) =>
        ofUsers ? ofUsers.call(owner, name, args, signal) : connection.call(name, args, signal),
    };
  };

  const toolsOf = async (granted: readonly Grant[], owner: Owner): Promise<Tool[]> => {
    for (const { server } of granted) {
      if (server.failedAt !== undefined && now() - server.failedAt > pauseAfterFailure) {
        server.failedAt = undefined;
        server.listed = list(server);
      }
    }
    await Promise.race([
      Promise.all(granted.map(({ server }) => server.listed)),
      new Promise((resolve) => setTimeout(resolve, patience).unref()),
    ]);
    const tools = new Map<string, Tool>();
    for (const { server, filter } of granted) {
      const allowed = new Set(
        narrow(
          server.tools.map(({ name }) => name),
          filter,
        ),
      );
      for (const tool of server.tools) {
        if (!allowed.has(tool.name)) continue;
        const shownName = nameFor(server.definition.id, tool.name, new Set(tools.keys()));
        tools.set(shownName, toolOf(server, tool, shownName, owner));
      }
    }
    return [...tools.values()];
  };

  return {
    toolsOf(agent, owner) {
      const granted = grants.get(agent.id) ?? [];
      return granted.length === 0 ? undefined : toolsOf(granted, owner);
    },
    get servers() {
      return new Map([...all].map(({ definition, tools }) => [definition.id, { definition, tools }]));
    },
    async close() {
      await Promise.all(
        [...all].flatMap(({ connection, ofUsers }) => [connection.close(), ofUsers?.close()]),
      );
    },
  };
};
