import type { Manifest } from "@muxi/formation";
import type { Interrupt } from "@muxi/protocol";
import type { RequestOutcome } from "../background/index.ts";
import { EventLog } from "../events/index.ts";
import type { RequestRepository, Statement, StoredRequest } from "../store/index.ts";
import type { Turn } from "./turn.ts";

/** Rules for questions to the user (docs/spec/formation-files.md "Questions to the user"). */
export interface ClarificationRules {
  style: Manifest["overlord"]["clarification"]["style"];
  /** Largest number of questions in one request. */
  maxRounds: number;
}

/** Time for which the next message of a session counts as the answer to a question, in milliseconds. */
export const awaitsAnswerFor = 300_000;

const styles = {
  conversational: undefined,
  formal: "When you ask the user something, ask formally and politely.",
  brief: "When you ask the user something, ask in as few words as you can.",
};

const noMore =
  "You have asked the user often enough. Ask nothing more: go on with sensible assumptions, and say in your answer " +
  "what you have assumed.";

/** Whether an agent may ask in this turn, and its instruction. Users can only be asked while they are there. */
export const questionRules = (
  { kind = "chat", agentId, questions = 0 }: Turn,
  { style, maxRounds }: ClarificationRules,
): { mayAsk: boolean; instruction: string | undefined } => {
  if (kind !== "chat" || agentId !== undefined) return { mayAsk: false, instruction: undefined };
  if (questions >= maxRounds) return { mayAsk: false, instruction: noMore };
  return { mayAsk: true, instruction: styles[style] };
};

/** The question of a request that waits for its user. */
export interface PendingQuestion {
  questions: number;
  /** The agent that asked. */
  agentId: string | undefined;
  /** Service that a credential is asked for. */
  credential: string | undefined;
  /** Undefined of a version before. */
  interrupt: Interrupt | undefined;
  /** Unix milliseconds until which the next message of the session is the answer. */
  until: number;
}

export const questionOf = ({ log }: StoredRequest): PendingQuestion => {
  const events = new EventLog();
  if (log !== null) events.takeUp(log);
  const { lastEvent } = events;
  const done = lastEvent?.type === "done" ? lastEvent : undefined;
  const asked = done?.clarification;
  return {
    questions: asked?.round ?? 1,
    agentId: done?.agent_id,
    credential: asked?.credential,
    interrupt: done?.interrupt,
    until: (asked?.expires_at ?? 0) * 1000,
  };
};

/** Whether it waits for a yes. */
export const isApproval = ({ kind }: Interrupt): boolean => kind === "approval" || kind === "plan_approval";

/** Whether it is one of the questions that an agent may ask. */
export const isQuestion = ({ kind }: Interrupt): boolean => kind === "question" || kind === "credential";

interface DropDeps {
  formationId: string;
  requests: Pick<RequestRepository, "drop">;
  now: () => number;
}

/**
 * Ends a request that its user did not answer.
 *
 * @param also What follows from that, written in the same transaction.
 */
export const dropQuestion = (
  { formationId, requests, now }: DropDeps,
  { id, log }: StoredRequest,
  why: string,
  also: readonly Statement[] = [],
): Promise<boolean> =>
  requests.drop(formationId, id, log, { status: "cancelled", error: why, log: log ?? "", now: now() }, also);

/** What is needed to end a request whose time is over, and to tell its webhook. */
export interface ExpiryDeps extends DropDeps {
  endings: (outcome: RequestOutcome, kind: StoredRequest["kind"]) => Statement[];
}

/** Whether a request can still be answered. One whose time is over is ended, which its webhook is told. */
export const isInTime = async (deps: ExpiryDeps, request: StoredRequest): Promise<boolean> => {
  if (questionOf(request).until > deps.now()) return true;
  const why = "The user did not answer in time";
  const { id: requestId, userId, webhookUrl, kind, createdAt, startedAt, mode } = request;
  const outcome = {
    requestId,
    userId,
    webhookUrl,
    mode,
    startedAt: startedAt ?? createdAt,
    endedAt: deps.now(),
  };
  const told = deps.endings({ ...outcome, status: "failed", error: { message: why } }, kind);
  await dropQuestion(deps, request, why, told);
  return false;
};
