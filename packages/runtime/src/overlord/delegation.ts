import type { AgentDefinition } from "@muxi/formation";
import { lazy } from "@muxi/protocol";
import type { Logger } from "pino";
import * as z from "zod";
import { ModelError } from "../models/index.ts";
import type { Asker, Tool } from "../tools/index.ts";
import { type AgentTaskDeps, answerTask } from "./agent-task.ts";
import type { RequestBudget } from "./budget.ts";
import { modelFailure } from "./failures.ts";

export interface DelegationDeps extends AgentTaskDeps {
  agents: readonly AgentDefinition[];
  /** The tools of an agent that another agent asks. */
  toolsOf: (task: DelegatedTask) => Promise<readonly Tool[]> | undefined;
  log: Pick<Logger, "warn">;
}

/** Largest depth of agents that ask agents (docs/spec/formation-files.md "Agents that ask agents"). */
const deepest = 5;

const argumentsSchema = lazy(() => z.object({ agent: z.string(), task: z.string().trim().min(1) }));

/** An agent that works for a user. */
export interface DelegatedTask {
  agent: AgentDefinition;
  asker: Asker;
  /** Number of agents between this one and the user's request. */
  depth: number;
  /** Of the user's request. */
  budget: RequestBudget;
}

/**
 * The tool with which an agent hands a task to another agent of the formation; undefined when there is no other one
 * or the greatest depth is reached.
 */
export const delegationTool = (
  deps: DelegationDeps,
  { agent: asking, asker, depth, budget }: DelegatedTask,
): Tool | undefined => {
  const peers = deps.agents.filter(({ id, a2a }) => id !== asking.id && a2a.internal);
  if (peers.length === 0 || depth >= deepest) return undefined;
  const known = peers.map(({ id, description }) => `${id}: ${description}`).join("\n");
  return {
    definition: {
      name: "ask_agent",
      description:
        "Hands a task to another agent and gives its answer. The agent sees only the task: put everything into it " +
        `that it must know.\n${known}`,
      parameters: {
        type: "object",
        properties: {
          agent: { type: "string", enum: peers.map(({ id }) => id) },
          task: { type: "string" },
        },
        required: ["agent", "task"],
        additionalProperties: false,
      },
    },
    // The other agent may call tools itself.
    timeLimit: budget.limits.time,
    async call(args, signal, journal) {
      const wanted = argumentsSchema().safeParse(args);
      const agent = wanted.success && peers.find(({ id }) => id === wanted.data.agent);
      if (!agent) return { text: `Name one of these agents, and a task:\n${known}`, failed: true };
      const tools = (await deps.toolsOf({ agent, asker, depth: depth + 1, budget })) ?? [];
      const task = { agent, text: wanted.data.task, tools, budget };
      const answered = answerTask(deps, task, signal, journal).then(({ text, usage, passages }) => ({
        text,
        failed: false,
        usage,
        ...(passages.length > 0 && { passages }),
      }));
      return answered.catch((error) => {
        if (!(error instanceof ModelError)) throw error;
        // The outcome is shown to the user.
        deps.log.warn({ err: error, agent: agent.id }, "An agent that was asked could not answer");
        return { text: `${agent.id} could not answer: ${modelFailure(error)}`, failed: true };
      });
    },
  };
};
