import { setTimeout as sleep } from "node:timers/promises";
import type { AgentDefinition } from "@muxi/formation";
import type { Usage } from "@muxi/protocol";
import { startTimeLimit } from "../base/index.ts";
import { type Model, ModelError, noUsage, sumOfUsage } from "../models/index.ts";
import {
  type Asker,
  answerText,
  askUser,
  giveUp,
  type Journal,
  type Tool,
  WaitsForUser,
} from "../tools/index.ts";
import {
  type FailureKind,
  retryDelay,
  type Task,
  type TaskQuestion,
  type TaskResult,
} from "../work/index.ts";
import { createAgentChoice } from "./agent-choice.ts";
import { type AgentTaskDeps, answerTask } from "./agent-task.ts";
import type { RequestBudget } from "./budget.ts";
import { modelFailure } from "./failures.ts";
import { agentByScore } from "./fitting.ts";
import type { GivenPassage } from "./given-passages.ts";
import { agentStep } from "./journal.ts";
import type { PromptSection } from "./prompt.ts";
import type { OverlordSettings, WorkRules } from "./settings.ts";

export interface TaskWorkDeps extends AgentTaskDeps {
  settings: Pick<OverlordSettings, "agents" | "work">;
  modelNamed: (name: string) => Model;
  toolsOf: (
    agent: AgentDefinition,
    asker: Asker,
    budget: RequestBudget,
  ) => Promise<readonly Tool[]> | undefined;
  newBudget: () => RequestBudget;
  /** Told of what only operators can mend. */
  warn: (reason: string, error: unknown) => void;
}

/** A task that is carried out for a request. */
export interface TaskAssignment {
  asker: Asker;
  /** The agent of the request, which has what no other agent fits better. */
  usual: AgentDefinition;
  /** Whether the user can be asked. */
  mayAsk: boolean;
  sections: readonly PromptSection[];
  /** Has the agent's models and tools observed. */
  watch: (agent: AgentDefinition, parts: Watched) => Watched;
  /** What these hold of documents. */
  given: readonly GivenPassage[];
  onUsage: (usage: Usage) => void;
}

/** What an agent works with. */
export interface Watched {
  model: Model;
  seeing: Model | undefined;
  tools: readonly Tool[];
}

/** One try of a task. */
type Attempt = { usage: Usage } & (
  | { text: string; passages: readonly GivenPassage[] }
  /** `answerKey`: where the agent, which would give up again by itself, goes on with an answer of the user. */
  | { kind: FailureKind; reason: string; answerKey?: string }
);

const alone =
  "You carry out one task of several that serve the user's message. Do this task alone and completely, and give its " +
  "result. Others do what comes before and after it.";

const kinds: Readonly<Record<ModelError["code"], FailureKind>> = {
  LLM_TIMEOUT: "timeout",
  LLM_RATE_LIMITED: "rate_limit",
  LLM_NOT_CONFIGURED: "permission_error",
  LLM_REFUSED: "client_error",
  LLM_ERROR: "temporary_failure",
};

/** Whether a tool is meant by `server/tool`, or by the server alone. */
const isMeant = ({ server, serverTool }: Tool, named: string): boolean => {
  const [of, name] = named.split("/", 2);
  return server === of && (name === undefined || name === serverTool);
};

/** What the user is asked about a task that nothing else helps. */
const helpFor = ({ title }: Task, reason: string): string =>
  `This could not be done: ${title}. ${reason} What should be done about it?`;

/** Milliseconds that a task may take (docs/spec/formation-files.md "Failed tasks"). */
const timeFor = ({ complexity }: Task, { taskTime, longestTime, isAdaptive }: WorkRules): number => {
  const factor = isAdaptive ? Math.min(1.5, Math.max(0.5, 1 + (complexity - 5) * 0.1)) : 1;
  return Math.min(taskTime * factor, longestTime);
};

/** Carries out one task at a time, with what follows its failures. */
export const createTaskWork = (deps: TaskWorkDeps) => {
  const { agents, work: rules } = deps.settings;

  const choice = createAgentChoice(agents, rules.strategy);

  /** The agent that has begun the task, else the one that is chosen for it now. */
  const agentFor = async (task: Task, usual: AgentDefinition, journal: Journal): Promise<AgentDefinition> => {
    let chosen: AgentDefinition | undefined;
    const id = await journal.step(agentStep, async () => {
      chosen = choice.choose(task, usual);
      return chosen.id;
    });
    if (chosen) return chosen;
    const begun = agents.find((agent) => agent.id === id) ?? usual;
    choice.resume(begun);
    return begun;
  };

  /** An agent that has not failed at the task yet. */
  const otherAgent = (
    task: Task,
    tried: ReadonlyMap<AgentDefinition, Usage>,
  ): AgentDefinition | undefined => {
    const [first, ...rest] = agents.filter((agent) => !tried.has(agent));
    return first && agentByScore([first, ...rest], { message: task.text, previous: undefined });
  };

  const modelFor = (task: Task): Model | undefined => {
    if (task.model === undefined) return undefined;
    try {
      return deps.modelNamed(task.model);
    } catch (error) {
      deps.warn(`the model ${task.model} of a task cannot be used: the agent's own takes its place`, error);
      return undefined;
    }
  };

  const toolsFor = async (task: Task, agent: AgentDefinition, asker: Asker, budget: RequestBudget) => {
    const offered = (await deps.toolsOf(agent, asker, budget)) ?? [];
    const meant = offered.filter((tool) => task.tools.some((named) => isMeant(tool, named)));
    const others = offered.filter((tool) => !meant.includes(tool));
    return { meant, tools: [...meant, ...others, ...(offered.length > 0 ? [giveUp] : [])] };
  };

  const attempt = async (
    task: Task,
    agent: AgentDefinition,
    { asker, mayAsk, sections, given, watch, onUsage }: TaskAssignment,
    signal: AbortSignal,
    journal: Journal,
  ): Promise<Attempt> => {
    const budget = deps.newBudget();
    const { meant, tools } = await toolsFor(task, agent, asker, budget);
    const named = meant.map(({ definition }) => definition.name);
    const exactly = meant.flatMap(({ server, serverTool, definition }) =>
      task.tools.includes(`${server}/${serverTool}`) ? definition.name : [],
    );
    const time = timeFor(task, rules);
    const limit = startTimeLimit(time, signal);
    let usage = noUsage;
    const failed = (kind: FailureKind, reason: string): Attempt => ({ kind, reason, usage });
    try {
      const answer = await answerTask(
        deps,
        {
          agent,
          text: task.text,
          instructions: [alone, ...(named.length === 0 ? [] : [`Use ${named.join(", ")} for it.`])],
          sections,
          given,
          meant: exactly,
          ...watch(agent, {
            model: modelFor(task) ?? deps.modelOf(agent),
            seeing: deps.visionModelOf(agent),
            tools: mayAsk ? tools : tools.filter((tool) => tool !== askUser),
          }),
          waitsForAnswers: true,
          budget,
        },
        limit.signal,
        journal,
        (soFar) => {
          usage = soFar;
          onUsage(soFar);
        },
      );
      const { givenUp, text, passages } = answer;
      if (!givenUp) return { text, passages, usage };
      return { ...failed("client_error", givenUp.reason), answerKey: givenUp.answerKey };
    } catch (error) {
      signal.throwIfAborted();
      if (limit.isOver) return failed("timeout", `It took longer than ${time / 1000} s`);
      if (!(error instanceof ModelError)) throw error;
      deps.warn("a task failed", error);
      const isHopeless = error.code === "LLM_ERROR" && !error.transient;
      return failed(isHopeless ? "client_error" : kinds[error.code], modelFailure(error));
    } finally {
      limit.end();
    }
  };

  /** What a task that failed for good means for the others. */
  const failedFor = (
    task: Task,
    { kind, reason }: { kind: FailureKind; reason: string },
    usage: Usage,
  ): TaskResult =>
    rules.recovery === "skip_and_continue" && !task.isCritical && task.complexity < rules.essentialFrom
      ? { state: "skipped", reason, blocks: false, usage }
      : { state: "failed", kind, reason, usage };

  const untilItEnds = async (
    task: Task,
    first: AgentDefinition,
    assignment: TaskAssignment,
    signal: AbortSignal,
    journal: Journal,
  ): Promise<TaskResult> => {
    /** Tokens by the agent that has tried. */
    const spent = new Map<AgentDefinition, Usage>();
    const total = () => [...spent.values()].reduce(sumOfUsage, noUsage);
    let agent = first;
    let { sections } = assignment;
    for (let tries = 1; ; tries++) {
      const by = agent;
      const onUsage = (usage: Usage) => {
        spent.set(by, usage);
        assignment.onUsage(total());
      };
      // The same agent goes on where it failed: what its tools have done is not done again.
      const part = agent === first ? journal : journal.part(`agent:${agent.id}`);
      const outcome = await journal.step(`try:${tries}`, () =>
        attempt(task, by, { ...assignment, sections, onUsage }, signal, part),
      );
      spent.set(agent, outcome.usage);
      if ("text" in outcome) return { ...outcome, state: "completed", usage: total() };
      const delay = rules.recovery === "fail_fast" ? undefined : retryDelay(rules.retry, tries, outcome.kind);
      if (delay !== undefined && rules.recovery === "retry_with_alternate")
        agent = otherAgent(task, spent) ?? agent;
      const isOver = delay === undefined || (outcome.answerKey !== undefined && agent === by);
      if (!isOver) {
        // What goes on in its journal has waited before.
        if (journal.has(`try:${tries + 1}`)) continue;
        await sleep(delay, undefined, { signal }).catch(() => signal.throwIfAborted());
        continue;
      }
      if (rules.recovery !== "manual_intervention") return failedFor(task, outcome, total());
      const { place, answer } = part.given(outcome.answerKey ?? `help:${tries}`);
      if (!answer && !assignment.mayAsk) return failedFor(task, outcome, total());
      if (!answer) throw new WaitsForUser({ kind: "question", prompt: helpFor(task, outcome.reason), place });
      // An agent that has given up reads it in its own conversation.
      const said = {
        title: "The task failed before, and the user said of it:",
        texts: [answerText(answer.value)],
      };
      if (outcome.answerKey === undefined) sections = [...assignment.sections, said];
    }
  };

  const carryOut = async (
    task: Task,
    assignment: TaskAssignment,
    signal: AbortSignal,
    journal: Journal,
  ): Promise<TaskResult> => {
    const agent = await agentFor(task, assignment.usual, journal);
    let isDone: boolean | undefined;
    try {
      const result = await untilItEnds(task, agent, assignment, signal, journal);
      isDone = result.state === "completed";
      return result;
    } finally {
      choice.end(agent, isDone);
    }
  };

  return async (
    task: Task,
    assignment: TaskAssignment,
    signal: AbortSignal,
    journal: Journal,
  ): Promise<TaskResult | TaskQuestion> => {
    try {
      return await journal.step(`task:${task.id}`, (within) => carryOut(task, assignment, signal, within));
    } catch (error) {
      if (error instanceof WaitsForUser) return { state: "asking", asked: error.asked };
      throw error;
    }
  };
};
