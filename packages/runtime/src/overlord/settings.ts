import { type AgentDefinition, type Formation, readSops } from "@muxi/formation";
import type { ToolLimits } from "./budget.ts";
import type { ClarificationRules } from "./clarification.ts";
import type { Agents } from "./fitting.ts";
import type { ResponseFormat } from "./format.ts";
import { createProcedures, type Procedures } from "./procedures.ts";

/** Settings of a formation for its answers, from its files. */
export interface OverlordSettings {
  /** Voice of the formation (docs/spec/formation-files.md "Soul"). */
  soul: string;
  agents: Agents;
  procedures: Procedures;
  /** Whether the agent that answered goes on while no other one may fit better. */
  agentAffinity: boolean;
  clarification: ClarificationRules;
  /** Default format of answers. */
  format: ResponseFormat;
  /** Whether callers see progress and tool calls besides the answer. */
  progress: boolean;
  /** Lowest number of turns of the session that a model sees; it always sees fewer than twice as many. */
  turnsInContext: number;
  /** IANA name of the time zone for date and time. */
  timezone: string;
  /** Default webhook for answers in the background. */
  webhookUrl: string | undefined;
}

const nonEmpty = (agents: readonly AgentDefinition[]): Agents => {
  const [first, ...rest] = agents;
  if (!first) throw new Error("a loaded formation has at least the built-in agent");
  return [first, ...rest];
};

export const readSettings = async ({ dir, soul, agents, manifest }: Formation): Promise<OverlordSettings> => {
  const { clarification, response, workflow } = manifest.overlord;
  return {
    soul,
    agents: nonEmpty(agents),
    procedures: createProcedures(await readSops(dir)),
    agentAffinity: workflow.enable_agent_affinity,
    clarification: { style: clarification.style, maxRounds: clarification.max_rounds.direct },
    format: response.format,
    progress: response.progress,
    turnsInContext: Math.max(1, Math.ceil(manifest.memory.buffer.size / 2)),
    timezone: manifest.scheduler.timezone,
    webhookUrl: manifest.async.webhook_url,
  };
};

export const toolLimitsOf = ({ manifest: { mcp } }: Formation): ToolLimits => ({
  rounds: mcp.max_tool_iterations,
  calls: mcp.max_tool_calls,
  repeatedErrors: mcp.max_repeated_errors,
  time: mcp.max_timeout_in_seconds * 1000,
  callTime: mcp.max_tool_timeout_in_seconds * 1000,
});
