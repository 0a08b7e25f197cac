import { setTimeout as delay } from "node:timers/promises";
import { type AgentDefinition, isServerDefinition, type McpServerDefinition } from "@muxi/formation";
import { isObject } from "@muxi/protocol";
import type { ApprovalRepository, Owner } from "../store/index.ts";
import { createAgentToolList, type ListedTool, type ToolSource, toolLimitOf } from "./agent-tool-list.ts";
import type { ToolListing } from "./offered-tools.ts";
import type { Tool } from "./tool.ts";
import { serverArguments } from "./tool-schema.ts";
import { createToolServers, type ToolServer, type ToolServerDeps } from "./tool-server.ts";
import { chosenCredential, chosenCredentialSchema } from "./user-server.ts";

/** The user for whom tools are called, and the session. */
export interface Asker extends Owner {
  sessionId: string;
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
  toolsOf(agent: AgentDefinition, asker: Asker): Promise<readonly Tool[]> | undefined;
  /** Ids of an agent's servers that are still starting, so that their tools are missing. */
  startingFor(agent: AgentDefinition): string[];
  /** All servers: those of the formation, then those that agents have for themselves. */
  readonly servers: readonly ServerState[];
  /** Waits for servers that are starting, as long as a start may take. */
  settled(): Promise<void>;
  /** Closes the connections and ends the programs. */
  close(): Promise<void>;
}

/** How long to leave a server alone after a failure, in milliseconds. */
const pauseAfterFailure = 30_000;

/** Connects to the formation's MCP servers in the background. One that fails is logged and skipped. */
export const createToolbox = (
  deps: ToolServerDeps & { approvals: Pick<ApprovalRepository, "isAllowed"> },
): Toolbox => {
  const { formation, env, log, now, approvals } = deps;
  const startupTime = formation.manifest.mcp.startup_timeout_seconds * 1000;
  const { start, refresh } = createToolServers(deps);

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
      return [agent.id, { sources, list: createAgentToolList(agent, sources, limit, log) }];
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
    { server: { definition, connection, ofUsers }, tool, shownName, needsApproval }: ListedTool<ToolServer>,
    asker: Asker,
  ): Tool => {
    const { name, description, schema, renamed } = tool;
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
      server: definition.id,
      serverTool: name,
      ...(needsApproval && {
        needsApproval: async () =>
          !(await approvals.isAllowed(asker, { ...asker, server: definition.id, tool: name })),
      }),
      call: (args, signal) => {
        const known = serverArguments(args, { renamed });
        return ofUsers ? ofUsers.call(asker, name, known, signal) : connection.call(name, known, signal);
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
    asker: Asker,
  ): Promise<Tool[]> => {
    for (const { server } of sources) {
      if (server.failedAt === undefined || Math.abs(now() - server.failedAt) <= pauseAfterFailure) continue;
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
    return list().map((listed) => toolOf(listed, asker));
  };

  return {
    toolsOf(agent, asker) {
      const granted = grants.get(agent.id);
      return granted && granted.sources.length > 0 ? toolsOf(granted, asker) : undefined;
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
