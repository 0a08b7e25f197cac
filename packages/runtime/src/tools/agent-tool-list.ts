import type {
  AgentDefinition,
  Environment,
  Formation,
  McpServerDefinition,
  ModelConfig,
  ToolFilter,
} from "@muxi/formation";
import { modelFor } from "@muxi/formation";
import { needsApproval } from "./approval.ts";
import { narrow } from "./filter.ts";
import type { OfferedTool } from "./offered-tools.ts";
import { createUniqueNames } from "./unique-names.ts";

/** Tools of one server that an agent may call. */
export interface ToolSource<Server> {
  server: Server & { definition: Pick<McpServerDefinition, "id" | "tools">; tools: readonly OfferedTool[] };
  filter: ToolFilter | undefined;
}

/** A tool of an agent, by the name that its models see. */
export interface ListedTool<Server> {
  shownName: string;
  tool: OfferedTool;
  server: ToolSource<Server>["server"];
  needsApproval: boolean;
}

/** Tools that one request may carry, by provider; those that speak OpenAI's API take 128. */
const mostTools: Readonly<Record<string, number>> = { anthropic: 1_000, google: 512 };
const mostElsewhere = 128;
/**
 * Places for `ask_user`, `ask_agent`, `search_knowledge`, `recall_history`, and those of memory and of jobs; `give_up` comes with
 * fewer.
 */
const builtIn = 9;
/** Characters of all definitions together: about 100,000 tokens. */
const mostCharacters = 400_000;

const chainOf = (config: ModelConfig | undefined): ModelConfig[] =>
  config ? [config, ...chainOf(config.fallback)] : [];

/** Tools of servers that every model takes which may answer for the agent. */
export const toolLimitOf = (formation: Formation, agent: AgentDefinition, env: Environment): number => {
  const models = (["text", "vision"] as const).flatMap((capability) =>
    chainOf(modelFor(formation, capability, agent, env)),
  );
  const limits = models.map(({ provider }) => mostTools[provider] ?? mostElsewhere);
  return Math.min(...(limits.length > 0 ? limits : [mostElsewhere])) - builtIn;
};

/**
 * The tools of an agent, made anew only when a server's list has changed. What is beyond the limits is left out, with
 * one warning a list (docs/spec/formation-files.md "Tool loop").
 */
export const createAgentToolList = <Server>(
  { id: agentId, tools: ofAgent }: Pick<AgentDefinition, "id" | "tools">,
  sources: readonly ToolSource<Server>[],
  limit: number,
  log: { warn(details: object, message: string): void },
): (() => readonly ListedTool<Server>[]) => {
  let madeOf: (readonly OfferedTool[])[] | undefined;
  let list: ListedTool<Server>[] = [];

  const make = (): ListedTool<Server>[] => {
    const shownName = createUniqueNames(/[^A-Za-z0-9_-]/g);
    const kept: ListedTool<Server>[] = [];
    const leftOut: Record<string, number> = {};
    let size = 0;
    for (const { server, filter } of sources) {
      const { id, tools } = server.definition;
      const rules = [tools?.approval, filter?.approval, ofAgent?.approval];
      const allowed = new Set(
        narrow(
          server.tools.map(({ name }) => name),
          filter,
        ),
      );
      for (const tool of server.tools) {
        if (!allowed.has(tool.name)) continue;
        if (kept.length >= limit || size + tool.size > mostCharacters) {
          leftOut[id] = (leftOut[id] ?? 0) + 1;
          continue;
        }
        size += tool.size;
        kept.push({
          shownName: shownName(`${id}__${tool.name}`),
          tool,
          server,
          // The strictest rule holds.
          needsApproval: rules.some((rule) => needsApproval(tool, rule)),
        });
      }
    }
    const servers = Object.entries(leftOut).map(([server, left_out]) => ({
      server,
      tools: kept.filter((each) => each.server.definition.id === server).length,
      left_out,
    }));
    if (servers.length > 0) {
      log.warn(
        { agent: agentId, limit, servers },
        `the agent ${agentId} has more tools than its model takes: ` +
          `${servers.map(({ server, left_out }) => `${left_out} of ${server}`).join(", ")} are left out. ` +
          "Choose those it needs with tools.allow or tools.deny",
      );
    }
    return kept;
  };

  return () => {
    const now = sources.map(({ server }) => server.tools);
    if (!madeOf || now.some((tools, index) => tools !== madeOf?.[index])) {
      madeOf = now;
      list = make();
    }
    return list;
  };
};
