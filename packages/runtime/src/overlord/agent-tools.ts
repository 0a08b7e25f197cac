import type { AgentDefinition, Formation } from "@muxi/formation";
import type { Knowledge } from "../knowledge/index.ts";
import type { SummaryRepository } from "../store/index.ts";
import type { Asker } from "../tools/index.ts";
import { askUser, type Tool, type Toolbox } from "../tools/index.ts";
import type { RequestBudget } from "./budget.ts";
import { type DelegatedTask, type DelegationDeps, delegationTool } from "./delegation.ts";
import { recallHistory } from "./recall-history.ts";
import { searchTool } from "./search-tool.ts";

export interface AgentToolsDeps extends Omit<DelegationDeps, "toolsOf" | "agents"> {
  formation: Formation;
  toolbox: Pick<Toolbox, "toolsOf">;
  knowledge: Pick<Knowledge, "search">;
  summaries: Pick<SummaryRepository, "earlier">;
}

/** Whether the formation configures questions to the user. */
const namesClarification = ({ document: { overlord } }: Formation): boolean =>
  typeof overlord === "object" && overlord !== null && "clarification" in overlord;

/**
 * The tools of each agent: those of its MCP servers, a search of its documents and of the user's earlier sessions, the
 * other agents, and a question to the user. Questions are offered only together with tools of servers or where the formation configures them: not every
 * model supports tools, and an agent that only talks needs none.
 */
export const createAgentTools = (deps: AgentToolsDeps) => {
  const { formation, toolbox } = deps;
  const { a2a, memory, overlord } = formation.manifest;
  const { clarification } = overlord;
  const mayAsk = clarification.enabled && clarification.max_rounds.direct > 0;
  const asksAlways = mayAsk && namesClarification(formation);

  const recalls = memory.persistent.enabled && (memory.captains_log?.session_idle_minutes ?? 0) > 0;

  const toolsOf = (task: DelegatedTask): Promise<readonly Tool[]> | undefined => {
    const { agent, asker, depth } = task;
    const peers = a2a.enabled
      ? delegationTool({ ...deps, agents: formation.agents, toolsOf }, task)
      : undefined;
    const offered = toolbox.toolsOf(agent, asker);
    const asks = depth === 0 && mayAsk && (asksAlways || offered !== undefined);
    const search = searchTool(agent, deps.knowledge);
    const history = recalls ? recallHistory(asker, deps.summaries) : undefined;
    const builtIn = [
      ...(search ? [search] : []),
      ...(history ? [history] : []),
      ...(peers ? [peers] : []),
      ...(asks ? [askUser] : []),
    ];
    if (!offered) return builtIn.length === 0 ? undefined : Promise.resolve(builtIn);
    return offered.then((tools) =>
      tools.length === 0 && !asksAlways && !peers && !search && !history ? [] : [...tools, ...builtIn],
    );
  };

  return (agent: AgentDefinition, asker: Asker, budget: RequestBudget) =>
    toolsOf({ agent, asker, depth: 0, budget });
};
