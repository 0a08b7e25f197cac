import { setTimeout as delay } from "node:timers/promises";
import {
  credentialServices,
  type Environment,
  type Formation,
  type McpServerDefinition,
} from "@muxi/formation";
import { type ConnectionOptions, createMcpConnection, type McpConnection } from "./connection.ts";
import { idlePatterns, narrow } from "./filter.ts";
import type { OfferedTool, ToolListing } from "./offered-tools.ts";
import { asFormation, type CredentialSource, createUserServer, type UserServer } from "./user-server.ts";

export interface ToolServerDeps {
  formation: Formation;
  /** The formation's environment. Programs get only the few variables that they need. */
  env: Environment;
  credentials: CredentialSource;
  log: { info(details: object, message: string): void; warn(details: object, message: string): void };
  now: () => number;
}

/** An MCP server with what it offers. */
export interface ToolServer {
  definition: McpServerDefinition;
  connection: McpConnection;
  /** For a server that each user reaches with credentials of their own. */
  ofUsers: UserServer | undefined;
  /** The tools that the server offers and its filter lets through. */
  tools: OfferedTool[];
  /** The tools that it offers and that cannot be used. */
  unusable: ToolListing["unusable"];
  /** Resolves when the tools have been listed, or that has failed. */
  listed: Promise<void>;
  /** When that began, on the clock of `performance`; undefined once it is over. */
  listingSince: number | undefined;
  /** When the list was begun to be read the last time, on the same clock. */
  listedAt: number;
  /** Whether the list is to be read again after this time. */
  isStale: boolean;
  /** Tools of which was said that their results lack what they promise. */
  told: Set<string>;
  failedAt: number | undefined;
  /** Why the list could not be read; undefined when it could. */
  problem: string | undefined;
}

/** Least time from one reading of a list to the next, in milliseconds: some servers say all the time that it changed. */
const leastBetweenLists = 500;
/** Tools of one list that a warning names. */
const mostWarnings = 20;

/** Starts MCP servers, and keeps the lists of their tools. */
export interface ToolServers {
  /** Lists the server's tools in the background. A failure is logged. */
  start(definition: McpServerDefinition): ToolServer;
  /** Reads a list again, once however often it is asked for meanwhile. */
  refresh(server: ToolServer): void;
}

export const createToolServers = ({ formation, env, credentials, log, now }: ToolServerDeps): ToolServers => {
  const { mcp, input_limits } = formation.manifest;

  const list = async (server: ToolServer): Promise<void> => {
    const { definition, connection } = server;
    const { id } = definition;
    server.listedAt = performance.now();
    server.listingSince = server.listedAt;
    try {
      const { tools, unusable } = await connection.list();
      for (const { tool, reason } of unusable.slice(0, mostWarnings)) {
        log.warn({ server: id, tool, reason }, `the tool ${tool} of ${id} cannot be used: ${reason}`);
      }
      if (unusable.length > mostWarnings) {
        const more = unusable.length - mostWarnings;
        log.warn({ server: id, more }, `${more} more tools of ${id} cannot be used`);
      }
      const names = tools.map(({ name }) => name);
      for (const { pattern, similar } of idlePatterns(names, definition.tools)) {
        log.warn({ server: id, pattern, similar }, "a pattern in tools matches none of the server's tools");
      }
      const kept = new Set(narrow(names, definition.tools));
      server.tools = tools.filter(({ name }) => kept.has(name));
      server.unusable = unusable;
      server.failedAt = undefined;
      server.problem = undefined;
      if (server.tools.length > 0) log.info({ server: id, tools: [...kept] }, "MCP server is connected");
      else
        log.warn(
          { server: id, offered: names },
          "the MCP server offers no tools that its filter lets through: it is skipped",
        );
    } catch (error) {
      server.failedAt = now();
      server.problem = (await import("./mcp-client.ts")).reasonOf(error);
      log.warn({ err: error, server: id }, "the MCP server cannot be used: it is skipped");
    } finally {
      server.listingSince = undefined;
    }
  };

  const refresh = (server: ToolServer): void => {
    if (server.isStale) return;
    server.isStale = true;
    server.listed = server.listed.then(async () => {
      const left = server.listedAt + leastBetweenLists - performance.now();
      if (left > 0) await delay(left, undefined, { ref: false });
      server.isStale = false;
      await list(server);
    });
  };

  /** Says once a tool that its results lack what it has promised. */
  const warnOfPlainResult = ({ definition, tools, told }: ToolServer, tool: string): void => {
    if (told.has(tool) || !tools.some(({ name, isStructured }) => name === tool && isStructured)) return;
    told.add(tool);
    log.warn(
      { server: definition.id, tool },
      "the tool has an outputSchema, but its result has no structuredContent: its text is used",
    );
  };

  const connect = (
    definition: McpServerDefinition,
    listeners: Pick<ConnectionOptions, "onToolsChanged" | "onPlainResult">,
  ): McpConnection =>
    createMcpConnection(definition, {
      dir: formation.dir,
      env,
      timeout: (definition.timeout_seconds ?? mcp.default_timeout_seconds) * 1000,
      tries: Math.max(1, definition.max_retries ?? mcp.default_retry_attempts),
      idleTime: (definition.connection_ttl ?? mcp.connection_ttl) * 1000,
      outputLimit: input_limits.max_tool_output_size,
      ...listeners,
    });

  const start = (definition: McpServerDefinition): ToolServer => {
    const isOfUsers = credentialServices(definition).length > 0;
    const onPlainResult = (tool: string) => warnOfPlainResult(server, tool);
    const server: ToolServer = {
      definition,
      connection: connect(isOfUsers ? asFormation(definition, credentials) : definition, {
        onToolsChanged: () => refresh(server),
        onPlainResult,
      }),
      ofUsers: isOfUsers
        ? createUserServer(definition, credentials, (withOwn) => connect(withOwn, { onPlainResult }))
        : undefined,
      tools: [],
      unusable: [],
      listed: Promise.resolve(),
      listingSince: undefined,
      listedAt: 0,
      isStale: false,
      failedAt: undefined,
      problem: undefined,
      told: new Set(),
    };
    server.listed = list(server);
    return server;
  };

  return { start, refresh };
};
