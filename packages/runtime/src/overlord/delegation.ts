import type { AgentDefinition } from "@muxi/formation";
import { lazy } from "@muxi/protocol";
import type { Logger } from "pino";
import * as z from "zod";
import { EventLog } from "../events/index.ts";
import { type Knowledge, placeOf } from "../knowledge/index.ts";
import { type Model, ModelError, type ModelRequest, type Passage } from "../models/index.ts";
import type { Owner } from "../store/index.ts";
import type { Journal, Tool } from "../tools/index.ts";
import { answerWith } from "./agent-loop.ts";
import type { RequestBudget } from "./budget.ts";
import { modelFailure } from "./failures.ts";
import type { WindowSizes } from "./fit-window.ts";
import { buildPrompt } from "./prompt.ts";

export interface DelegationDeps {
  agents: readonly AgentDefinition[];
  modelOf: (agent: AgentDefinition) => Model;
  visionModelOf: (agent: AgentDefinition) => Model | undefined;
  knowledge: Pick<Knowledge, "search">;
  /** The tools of an agent that another agent asks. */
  toolsOf: (task: DelegatedTask) => Promise<readonly Tool[]> | undefined;
  windows: WindowSizes;
  /** IANA name of the time zone for date and time. */
  timezone: string;
  now: () => number;
  log: Pick<Logger, "warn">;
}

/** Largest depth of agents that ask agents (docs/spec/formation-files.md "Agents that ask agents"). */
const deepest = 5;

const argumentsSchema = lazy(() => z.object({ agent: z.string(), task: z.string().trim().min(1) }));

/** An agent that works for a user. */
export interface DelegatedTask {
  agent: AgentDefinition;
  owner: Owner;
  /** Number of agents between this one and the user's request. */
  depth: number;
  /** Of the user's request. */
  budget: RequestBudget;
}

const instructionsOf = ({ name, description, system_message }: AgentDefinition) =>
  system_message ?? `You are ${name}. ${description}`;

/** Has the agent answer a task from the task, its documents and its tools alone. */
const answerTask = async (
  deps: DelegationDeps,
  asked: DelegatedTask,
  task: string,
  signal: AbortSignal,
  journal: Journal,
) => {
  const { agent, budget } = asked;
  const found = await deps.knowledge.search(agent.id, task);
  const passages = found.map(
    (passage): Passage => ({ text: passage.text, source: placeOf(passage), kind: "knowledge" }),
  );
  const tools = (await deps.toolsOf(asked)) ?? [];
  const model = deps.modelOf(agent);
  const request: ModelRequest = {
    messages: buildPrompt({
      instructions: [instructionsOf(agent)],
      now: new Date(deps.now()),
      timezone: deps.timezone,
      synopsis: "",
      passages,
      history: [],
      message: task,
    }),
    ...(tools.length > 0 && { tools: tools.map(({ definition }) => definition) }),
    context: { passages },
  };
  const log = new EventLog();
  const { windows } = deps;
  const { usage } = await answerWith({
    run: { signal, log },
    model,
    seeing: deps.visionModelOf(agent),
    request,
    tools,
    budget,
    windows,
    journal,
  });
  return { text: log.text, failed: false, usage };
};

/**
 * The tool with which an agent hands a task to another agent of the formation; undefined when there is no other one
 * or the greatest depth is reached.
 */
export const delegationTool = (
  deps: DelegationDeps,
  { agent: asking, owner, depth, budget }: DelegatedTask,
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
      const asked = { agent, owner, depth: depth + 1, budget };
      return answerTask(deps, asked, wanted.data.task, signal, journal).catch((error) => {
        if (!(error instanceof ModelError)) throw error;
        // The outcome is shown to the user.
        deps.log.warn({ err: error, agent: agent.id }, "An agent that was asked could not answer");
        return { text: `${agent.id} could not answer: ${modelFailure(error)}`, failed: true };
      });
    },
  };
};
