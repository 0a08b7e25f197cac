import type { AgentDefinition } from "@muxi/formation";
import { isEastAsian, topicWordsOf, wordsOf } from "../text/index.ts";
import type { HistoryMessage } from "./history.ts";

export type Agents = readonly [AgentDefinition, ...AgentDefinition[]];

/** A message for which an agent is chosen. */
export interface Unrouted {
  message: string;
  /** The conversation before it, oldest first. */
  history: readonly HistoryMessage[];
  /** The agent that gave the last answer; undefined if agent affinity is off. */
  previous: AgentDefinition | undefined;
}

const sharedWordScore = 1;
const specialtyScore = 5;
const previousScore = 2;

const scoreOf = (agent: AgentDefinition, message: string, messageWords: ReadonlySet<string>): number => {
  const text = message.toLowerCase();
  const specialties = agent.specialties.filter((specialty) => text.includes(specialty.toLowerCase()));
  const described = new Set(wordsOf(`${agent.name} ${agent.description}`));
  const shared = [...messageWords].filter((word) => described.has(word));
  return specialties.length * specialtyScore + shared.length * sharedWordScore;
};

/**
 * The agent whose specialties and description share most with the message; ties go to the one declared first
 * (docs/spec/formation-files.md "Routing").
 */
export const agentByScore = (
  agents: Agents,
  { message, previous }: Pick<Unrouted, "message" | "previous">,
): AgentDefinition => {
  if (agents.length === 1) return agents[0];
  const messageWords = new Set(wordsOf(message));
  let best = { agent: agents[0], score: 0 };
  for (const agent of agents) {
    const score = scoreOf(agent, message, messageWords) + (agent === previous ? previousScore : 0);
    if (score > best.score) best = { agent, score };
  }
  return best.agent;
};

/** A shorter message depends on the conversation before it. East Asian characters count as two. */
const leastLength = 29;
const isShort = (message: string): boolean =>
  message.length < leastLength && message.length + [...message].filter(isEastAsian).length < leastLength;

/**
 * Words that neither the conversation nor the agent has had, so many that they may be another subject: one begins it
 * with a question more often than with a statement.
 */
const newInQuestion = 1;
const newInStatement = 3;
const question = /[?？؟]/u;

/** Lowest share of a first message's words with which an agent is chosen without asking the model. */
const leastShare = 1 / 4;
/** Number of words with which the agent changes without asking the model. */
const leastForChange = 2;

/** Chooses an agent by words if they leave no doubt (docs/spec/formation-files.md "Routing"); else gives undefined. */
export const createWordChoice = (agents: Agents): ((unrouted: Unrouted) => AgentDefinition | undefined) => {
  const described = agents.map((agent) => ({
    agent,
    words: topicWordsOf([agent.name, agent.description, ...agent.specialties].join(" ")),
  }));
  type Described = (typeof described)[number];

  /** The only agent that has all words of the message that any agent has, if there are enough of them. */
  const clearWinner = (asked: readonly string[], least: number): AgentDefinition | undefined => {
    const known = asked.filter((word) => described.some(({ words }) => words.has(word)));
    if (known.length < least || known.length < asked.length * leastShare) return undefined;
    const knowing = described.filter(({ words }) => known.every((word) => words.has(word)));
    return knowing.length === 1 ? knowing[0]?.agent : undefined;
  };

  const goesOn = (asked: readonly string[], { message, history }: Unrouted, current: Described): boolean => {
    const lead = (one: Described, over: Described) =>
      asked.filter((word) => one.words.has(word) && !over.words.has(word)).length;
    const others = described.filter((other) => other !== current);
    if (others.some((other) => lead(other, current) > 0 && lead(other, current) >= lead(current, other)))
      return false;
    if (others.every((other) => lead(current, other) > 0)) return true;
    if (isShort(message) || asked.length < 2) return true;
    const said = topicWordsOf(history.map(({ content }) => content).join("\n"));
    const unheard = asked.filter((word) => !current.words.has(word) && !said.has(word)).length;
    const least = question.test(message) ? newInQuestion : newInStatement;
    return unheard < least || unheard * 2 < asked.length;
  };

  return (unrouted) => {
    const asked = [...topicWordsOf(unrouted.message)];
    const current = described.find(({ agent }) => agent === unrouted.previous);
    if (!current) return clearWinner(asked, 1);
    return (
      clearWinner(asked, leastForChange) ?? (goesOn(asked, unrouted, current) ? current.agent : undefined)
    );
  };
};
