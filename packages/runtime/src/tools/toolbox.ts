import { setTimeout as delay } from "node:timers/promises";
import {
  type AgentDefinition,
  credentialServices,
  type Environment,
  type Formation,
  isServerDefinition,
  type McpServerDefinition,
} from "@muxi/formation";
import { isObject } from "@muxi/protocol";
import type { Owner } from "../store/index.ts";
import { createAgentToolList, type ListedTool, type ToolSource, toolLimitOf } from "./agent-tool-list.ts";
import { type ConnectionOptions, createMcpConnection, type McpConnection } from "./connection.ts";
import { idlePatterns, narrow } from "./filter.ts";
import type { OfferedTool, ToolListing } from "./offered-tools.ts";
import type { Tool } from "./tool.ts";
import { serverArguments } from "./tool-schema.ts";
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

/** What is known of an MCP server at the moment. */
export interface ServerState extends ToolListing {
  definition: McpServerDefinition;
  isStarting: boolean;
  /** Why its tools could not be listed the last time. It may hold addresses and keys. */
  problem: string | undefined;
}

/** The tools of the formation's MCP servers. */
export interface Toolbox {
  /**
   * The tools that an agent may call for a user; undefined when it has no MCP servers (docs/spec/formation-files.md
   * "Tools of an agent").
   */
  toolsOf(agent: AgentDefinition, owner: Owner): Promise<readonly Tool[]> | undefined;
  /** Ids of an agent's servers that are still starting, so that their tools are missing. */
  startingFor(agent: AgentDefinition): string[];
  /** All servers: those of the formation, then those that agents have for themselves. */
  readonly servers: readonly ServerState[];
  /** Waits for servers that are starting, as long as a start may take. */
  settled(): Promise<void>;
  /** Closes the connections and ends the programs. */
  close(): Promise<void>;
}

interface ToolServer {
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

/** How long to leave a server alone after a failure, in milliseconds. */
const pauseAfterFailure = 30_000;
/** Least time from one reading of a list to the next, in milliseconds: some servers say all the time that it changed. */
const leastBetweenLists = 500;
/** Tools of one list that a warning names. */
const mostWarnings = 20;
/** Connects to the formation's MCP servers in the background. One that fails is logged and skipped. */
export const createToolbox = ({ formation, env, credentials, log, now }: ToolboxDeps): Toolbox => {
  const { mcp, input_limits } = formation.manifest;
  const startupTime = mcp.startup_timeout_seconds * 1000;

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

  /** Reads a list again, once however often it is asked for meanwhile. */
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

  const shared = new Map(formation.mcpServers.map((definition) => [definition.id, start(definition)]));
  const isExplicit = formation.agents.some(({ mcp_servers }) => mcp_servers.length > 0);

  const grantsOf = (agent: AgentDefinition): ToolSource<ToolServer>[] => {
    if (!isExplicit) return [...shared.values()].map((server) => ({ server, filter: undefined }));
    return agent.mcp_servers.map((entry) => {
      if (isServerDefinition(entry)) return { server: start(entry), filter: undefined };
      const server = shared.get(entry.id);
      if (!server)
        throw new Error(`the agent ${agent.id} uses an MCP server ${entry.id} that was not loaded`);
      return { server, filter: entry.tools };
    });
  };
  const grants = new Map(
    formation.agents.map((agent) => {
      const sources = grantsOf(agent);
      const limit = toolLimitOf(formation, agent, env);
      return [agent.id, { sources, list: createAgentToolList(agent.id, sources, limit, log) }];
    }),
  );
  const all = new Set([
    ...shared.values(),
    ...[...grants.values()].flatMap(({ sources }) => sources.map(({ server }) => server)),
  ]);
  // What is left out of an agent's list is said before anybody asks.
  for (const { sources, list } of grants.values()) {
    void Promise.all(sources.map(({ server }) => server.listed)).then(list);
  }

  const toolOf = (
    { definition: { id }, connection, ofUsers }: ToolServer,
    { name, description, schema, renamed }: OfferedTool,
    shownName: string,
    owner: Owner,
  ): Tool => {
    const parameters = ofUsers
      ? {
          ...schema,
          properties: {
            ...(isObject(schema.properties) && schema.properties),
            [chosenCredential]: chosenCredentialSchema,
          },
        }
      : schema;
    return {
      definition: { name: shownName, description, parameters },
      server: id,
      call: (args, signal) => {
        const known = serverArguments(args, { renamed });
        return ofUsers ? ofUsers.call(owner, name, known, signal) : connection.call(name, known, signal);
      },
    };
  };

  /** Waits for lists that are being read, as long as a start may take. */
  const listsOf = async (servers: readonly ToolServer[]): Promise<void> => {
    const left = Math.max(
      0,
      ...servers.map(({ listingSince, isStale }) => {
        if (isStale) return startupTime;
        return listingSince === undefined ? 0 : listingSince + startupTime - performance.now();
      }),
    );
    if (left === 0) return;
    const waiting = new AbortController();
    await Promise.race([
      Promise.all(servers.map(({ listed }) => listed)),
      delay(left, undefined, { signal: waiting.signal, ref: false }).catch(() => {}),
    ]);
    waiting.abort();
  };

  const starting = (sources: readonly ToolSource<ToolServer>[]): string[] =>
    sources
      .filter(({ server }) => server.listingSince !== undefined)
      .map(({ server }) => server.definition.id);

  const toolsOf = async (
    {
      sources,
      list,
    }: { sources: readonly ToolSource<ToolServer>[]; list: () => readonly ListedTool<ToolServer>[] },
    owner: Owner,
  ): Promise<Tool[]> => {
    for (const { server } of sources) {
      if (server.failedAt === undefined || now() - server.failedAt <= pauseAfterFailure) continue;
      server.failedAt = undefined;
      refresh(server);
    }
    await listsOf(sources.map(({ server }) => server));
    const missing = starting(sources);
    if (missing.length > 0) {
      log.warn(
        { servers: missing },
        "MCP servers are still starting: a message is answered without their tools",
      );
    }
    return list().map(({ server, tool, shownName }) => toolOf(server, tool, shownName, owner));
  };

  return {
    toolsOf(agent, owner) {
      const granted = grants.get(agent.id);
      return granted && granted.sources.length > 0 ? toolsOf(granted, owner) : undefined;
    },
    settled: () => listsOf([...all]),
    startingFor: (agent) => starting(grants.get(agent.id)?.sources ?? []),
    get servers() {
      return [...all].map(({ definition, tools, unusable, problem, listingSince }) => ({
        ...{ definition, tools, unusable, problem },
        isStarting: listingSince !== undefined,
      }));
    },
    async close() {
      await Promise.all(
        [...all].flatMap(({ connection, ofUsers }) => [connection.close(), ofUsers?.close()]),
      );
    },
  };
};
