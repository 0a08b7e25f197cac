import type { AgentDefinition } from "@muxi/formation";
import { ApiError } from "@muxi/protocol";
import { wordsOf } from "../memory/index.ts";

const sharedWordScore = 1;
const specialtyScore = 5;

const scoreOf = (agent: AgentDefinition, message: string, messageWords: ReadonlySet<string>): number => {
  const text = message.toLowerCase();
  const specialties = agent.specialties.filter((specialty) => text.includes(specialty.toLowerCase()));
  const described = new Set(wordsOf(`${agent.name} ${agent.description}`));
  const shared = [...messageWords].filter((word) => described.has(word));
  return specialties.length * specialtyScore + shared.length * sharedWordScore;
};

/**
 * The agent that answers: the one that the caller named, the only one, or the one whose specialties and description
 * share most with the message; ties go to the one declared first (contract/formation.md 6.3).
 *
 * @throws ApiError `AGENT_NOT_FOUND` when the caller names an unknown agent.
 */
export const chooseAgent = (
  agents: readonly [AgentDefinition, ...AgentDefinition[]],
  message: string,
  agentId: string | undefined,
): AgentDefinition => {
  if (agentId !== undefined) {
    const named = agents.find(({ id }) => id === agentId);
    if (named) return named;
    throw new ApiError("AGENT_NOT_FOUND", `Agent '${agentId}' not found: GET /v1/agents lists them`);
  }
  if (agents.length === 1) return agents[0];
  const messageWords = new Set(wordsOf(message));
  let best = { agent: agents[0], score: 0 };
  for (const agent of agents) {
    const score = scoreOf(agent, message, messageWords);
    if (score > best.score) best = { agent, score };
  }
  return best.agent;
};
