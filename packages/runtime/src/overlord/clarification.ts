import type { Manifest } from "@muxi/formation";
import { EventLog } from "../events/index.ts";
import type { StoredRequest } from "../store/index.ts";
import type { Turn } from "./turn.ts";

/** How users are asked before a request goes on (contract/formation.md 6.4). */
export interface ClarificationRules {
  style: Manifest["overlord"]["clarification"]["style"];
  /** Questions of one request. */
  maxRounds: number;
}

const styles = {
  conversational: undefined,
  formal: "When you ask the user something, ask formally and politely.",
  brief: "When you ask the user something, ask in as few words as you can.",
};

const noMore =
  "You have asked the user often enough. Ask nothing more: go on with sensible assumptions, and say in your answer " +
  "what you have assumed.";

/** Whether an agent may ask in this turn, and what it is told of it. Only somebody who is there can be asked. */
export const questionRules = (
  { kind = "chat", agentId, questions = 0 }: Turn,
  { style, maxRounds }: ClarificationRules,
): { mayAsk: boolean; instruction: string | undefined } => {
  if (kind !== "chat" || agentId !== undefined) return { mayAsk: false, instruction: undefined };
  if (questions >= maxRounds) return { mayAsk: false, instruction: noMore };
  return { mayAsk: true, instruction: styles[style] };
};

/** What a request that waits for its user has asked so far, and which agent asked. */
export const askedBy = ({ log }: StoredRequest): { questions: number; agentId: string | undefined } => {
  const events = new EventLog();
  if (log !== null) events.takeUp(log);
  const { lastEvent } = events;
  const done = lastEvent?.type === "done" ? lastEvent : undefined;
  return { questions: done?.clarification?.round ?? 1, agentId: done?.agent_id };
};
