import type { AgentDefinition, Formation, Manifest } from "@muxi/formation";
import type { OnBusy } from "@muxi/protocol";
import { failureKinds, type RetryRules } from "../work/index.ts";
import type { ToolLimits } from "./budget.ts";
import type { ClarificationRules } from "./clarification.ts";
import type { Agents } from "./fitting.ts";
import type { ResponseFormat } from "./format.ts";
import type { CitationMode } from "./given-passages.ts";

/** How requests are carried out that consist of several tasks (docs/spec/formation-files.md "Tasks"). In milliseconds. */
export interface WorkRules {
  /** Tasks of one request at the same time. */
  atOnce: number;
  /** Whether tasks go on after one that failed. */
  goesOn: boolean;
  recovery: Manifest["overlord"]["workflow"]["error_recovery"];
  strategy: Manifest["overlord"]["workflow"]["routing_strategy"];
  retry: RetryRules;
  /** Complexity from which a task is needed for the whole. */
  essentialFrom: number;
  /** For one task of middling complexity, for one of any, and for all of a request. */
  taskTime: number;
  longestTime: number;
  time: number;
  isAdaptive: boolean;
}

/** Which messages are taken apart into tasks, and how (docs/spec/formation-files.md "Workflows"). */
export interface WorkflowRules {
  method: Manifest["overlord"]["workflow"]["complexity_method"];
  /** Shares of words and model in the complexity where both tell. */
  weights: { heuristic: number; llm: number };
  /** Complexity from which a message is taken apart. */
  threshold: number;
  /** Complexity from which the plan waits for a yes; Infinity for none. */
  approvalFrom: number;
  replanning: {
    /** New plans of one request; none when it is off. */
    most: number;
    similarity: number;
    keepsResults: boolean;
    /** Milliseconds that a new plan may take. */
    time: number;
    /** Beginnings of words in an error after which there is no new plan, in lower case. */
    hopeless: readonly string[];
  };
}

/** The threshold that stands for no approvals. */
const noApprovals = 10;

const workflowRulesOf = ({ overlord: { workflow } }: Manifest): WorkflowRules | undefined => {
  if (!workflow.auto_decomposition) return undefined;
  const { replanning, plan_approval_threshold: approvalFrom } = workflow;
  return {
    method: workflow.complexity_method,
    weights: workflow.complexity_weights,
    threshold: workflow.complexity_threshold,
    approvalFrom: approvalFrom >= noApprovals ? Number.POSITIVE_INFINITY : approvalFrom,
    replanning: {
      most: replanning.enabled ? replanning.max_attempts : 0,
      similarity: replanning.plan_similarity_threshold,
      keepsResults: replanning.preserve_successful_outputs,
      time: replanning.replan_timeout_seconds * 1000,
      hopeless: replanning.non_replannable_error_patterns.map((pattern) => pattern.toLowerCase()),
    },
  };
};

/** Complexity from which nothing makes up for a task that failed. */
const essentialFrom = 7;

const workRulesOf = ({ overlord: { workflow } }: Manifest): WorkRules => {
  const { retry, timeouts, error_recovery: recovery } = workflow;
  return {
    atOnce: workflow.parallel_execution ? workflow.max_parallel_tasks : 1,
    goesOn: workflow.partial_results && recovery !== "fail_fast",
    recovery,
    strategy: workflow.routing_strategy,
    retry: {
      most: retry.max_attempts,
      initialDelay: retry.initial_delay * 1000,
      longestDelay: retry.max_delay * 1000,
      factor: retry.backoff_factor,
      kinds: new Set(failureKinds.filter((kind) => retry.retry_on_errors.includes(kind))),
    },
    essentialFrom,
    taskTime: timeouts.task_timeout * 1000,
    longestTime: workflow.max_timeout_seconds * 1000,
    time: timeouts.workflow_timeout * 1000,
    isAdaptive: timeouts.enable_adaptive_timeout,
  };
};

/** Settings of a formation for its answers, from its files. */
export interface OverlordSettings {
  /** Voice of the formation (docs/spec/formation-files.md "Soul"). */
  soul: string;
  agents: Agents;
  /** Whether the agent that answered goes on while no other one may fit better. */
  agentAffinity: boolean;
  clarification: ClarificationRules;
  /** What a message does while another one of its session is answered, unless its call says it. */
  onBusy: OnBusy;
  work: WorkRules;
  /** Undefined when no message is taken apart. */
  workflows: WorkflowRules | undefined;
  /** Default format of answers. */
  format: ResponseFormat;
  citing: CitationMode;
  /** Whether callers see progress and tool calls besides the answer. */
  progress: boolean;
  /** Lowest number of turns of the session that a model sees; it always sees fewer than twice as many. */
  turnsInContext: number;
  /** Share of the window from which its next slide is prepared; undefined where it is not. */
  flushFrom: number | undefined;
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

export const readSettings = ({ soul, agents, manifest }: Formation): OverlordSettings => {
  const { clarification, on_busy: onBusy, response, workflow } = manifest.overlord;
  const { buffer, compaction } = manifest.memory;
  return {
    soul,
    agents: nonEmpty(agents),
    agentAffinity: workflow.enable_agent_affinity,
    clarification: { style: clarification.style, maxRounds: clarification.max_rounds.direct },
    onBusy,
    work: workRulesOf(manifest),
    workflows: workflowRulesOf(manifest),
    format: response.format,
    citing: response.citations,
    progress: response.progress,
    turnsInContext: Math.max(1, Math.ceil(buffer.size / 2)),
    flushFrom: compaction.flush_enabled ? compaction.flush_threshold : undefined,
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
