import type { AgentDefinition } from "@muxi/formation";
import { wordsOf } from "../text/index.ts";
import type { Task } from "../work/index.ts";
import { type Agents, agentByScore } from "./fitting.ts";
import type { WorkRules } from "./settings.ts";

/** How many of an agent's last tasks tell how well it does. */
const remembered = 100;
/** Share of tasks that went well from which an agent is preferred. */
const goodShare = 0.7;
/** Complexity from which the agent that does best gets a task by `priority_based`. */
const demanding = 8;

/** Chooses the agents of tasks (docs/spec/formation-files.md "Agents of tasks"). */
export interface AgentChoice {
  /**
   * An agent for a task, which has it until `end`.
   *
   * @param usual Gets what no other agent fits better.
   */
  choose(task: Task, usual: AgentDefinition): AgentDefinition;
  /** Tells that an agent goes on with a task for which it was chosen before. */
  resume(agent: AgentDefinition): void;
  /** @param isDone Undefined when the task only waits. */
  end(agent: AgentDefinition, isDone: boolean | undefined): void;
}

interface Known {
  agent: AgentDefinition;
  words: ReadonlySet<string>;
  underWay: number;
  /** How the last tasks ended, oldest first. */
  outcomes: boolean[];
}

const shareOf = ({ outcomes }: Known): number =>
  outcomes.length === 0 ? 0 : outcomes.filter(Boolean).length / outcomes.length;

/** The first of those for which the number is highest. */
const bestBy = (candidates: readonly Known[], number: (known: Known) => number): Known | undefined =>
  candidates.reduce<Known | undefined>(
    (best, known) => (best === undefined || number(known) > number(best) ? known : best),
    undefined,
  );

export const createAgentChoice = (agents: Agents, strategy: WorkRules["strategy"]): AgentChoice => {
  const all = agents.map(
    (agent): Known => ({
      agent,
      words: new Set(wordsOf([agent.id, agent.name, ...agent.specialties].join(" "))),
      underWay: 0,
      outcomes: [],
    }),
  );
  let turn = 0;

  const fitting = (task: Task, usual: AgentDefinition): AgentDefinition => {
    const assigned = agents.find(({ id }) => id === task.agent);
    if (assigned || agents.length === 1) return assigned ?? agents[0];
    const wanted = (task.capabilities ?? []).map(wordsOf);
    const matches = ({ words }: Known) =>
      wanted.filter((capability) => capability.some((word) => words.has(word))).length;
    const able = all.filter((known) => matches(known) > 0);
    const byText = () => agentByScore(agents, { message: `${task.title}\n${task.text}`, previous: usual });
    const byCapability = () => bestBy(able, matches)?.agent ?? byText();
    const byOutcomes = (least: number) => {
      const best = bestBy(able, shareOf);
      return best && shareOf(best) > least ? best.agent : byCapability();
    };
    const candidates = able.length > 0 ? able : all;
    switch (strategy) {
      case "load_balanced":
        return bestBy(candidates, ({ underWay }) => -underWay)?.agent ?? byText();
      case "round_robin":
        return candidates[turn++ % candidates.length]?.agent ?? byText();
      case "priority_based":
        return task.complexity >= demanding ? byOutcomes(0) : byCapability();
      case "specialized":
        return byCapability();
      default:
        return byOutcomes(goodShare);
    }
  };

  const resume = (agent: AgentDefinition) => {
    const known = all.find((each) => each.agent === agent);
    if (known) known.underWay += 1;
  };

  return {
    choose(task, usual) {
      const agent = fitting(task, usual);
      resume(agent);
      return agent;
    },
    resume,
    end(agent, isDone) {
      const known = all.find((each) => each.agent === agent);
      if (!known) return;
      known.underWay -= 1;
      if (isDone === undefined) return;
      known.outcomes.push(isDone);
      if (known.outcomes.length > remembered) known.outcomes.shift();
    },
  };
};
