import type { AgentDefinition } from "@muxi/formation";
import { ApiError } from "@muxi/protocol";
import { modelMessage } from "../attachments/index.ts";
import type { Model, ModelRequest } from "../models/index.ts";
import type { Owner, Statement } from "../store/index.ts";
import { askUser, type Tool } from "../tools/index.ts";
import { questionRules } from "./clarification.ts";
import { formatInstruction, type ResponseFormat } from "./format.ts";
import { historyOf, turnsInWindow } from "./history.ts";
import type { OverlordParts } from "./parts.ts";
import { buildPrompt } from "./prompt.ts";
import { type AgentRouter, agentByScore, agentNamed } from "./routing.ts";
import type { Turn } from "./turn.ts";

export interface PreparationParts
  extends Pick<OverlordParts, "settings" | "store" | "models" | "tools" | "memory" | "telemetry" | "clock"> {
  route: AgentRouter;
}

/** Who answers a turn, with what, and on what ground. */
export interface Prepared {
  agent: AgentDefinition;
  model: Model;
  tools: readonly Tool[];
  format: ResponseFormat;
  /** Whether the user may be asked for a credential. */
  asksCredentials: boolean;
  /** MCP servers that are still starting, so that their tools are missing. */
  startingServers: readonly string[];
  request: ModelRequest;
  /** Written with the message: what it tells that is to be remembered. */
  learned: Statement[];
}

const noEyes = () =>
  new ApiError(
    "SERVICE_UNAVAILABLE",
    "The formation names no model that sees images: add one to llm.models, such as - vision: openai/gpt-4o-mini",
  );

/** The session of a turn. */
export interface TurnSession {
  sessionId: string;
  /** There is no history then. */
  isNew: boolean;
  /** Messages of the user in it before this one. */
  turns: number;
  /** The turn's own request, where its message is stored already: it and what came after are no history. */
  until?: string;
  /** Id of the agent that has begun to answer. */
  begunBy?: string | undefined;
}

/**
 * Gathers what a turn is answered from.
 *
 * @throws ApiError `AGENT_NOT_FOUND`, `SERVICE_UNAVAILABLE` (images, and no model for them)
 */
export const prepareTurn = async (
  parts: PreparationParts,
  turn: Turn,
  owner: Owner,
  { sessionId, isNew, turns, until, begunBy }: TurnSession,
): Promise<Prepared> => {
  const { settings, store, models, memory } = parts;
  const { requestId, message, attachments, kind = "chat" } = turn;
  const mostTurns = turnsInWindow(settings.turnsInContext, turns);
  // Two messages make a turn; those that wait for their answers come in between.
  const recent = isNew
    ? []
    : await store.sessions.recent(owner, sessionId, settings.turnsInContext * 4 + 8, until);
  const history = historyOf(recent, mostTurns);
  const procedure = turn.agentId === undefined ? settings.procedures.instructionFor(message) : undefined;
  const begun = settings.agents.find(({ id }) => id === begunBy);
  const choose = () =>
    procedure === undefined ? parts.route({ message, history }) : agentByScore(settings.agents, message);
  const agent =
    turn.agentId === undefined ? (begun ?? (await choose())) : agentNamed(settings.agents, turn.agentId);
  const seeing = attachments?.images.length ? models.visionModelOf(agent) : undefined;
  if (attachments?.images.length && !seeing) throw noEyes();
  const model = seeing ?? (turn.model === undefined ? models.modelOf(agent) : models.modelNamed(turn.model));

  const { synopsis, passages, learned } = await memory.recall({
    owner,
    sessionId,
    requestId,
    agentId: agent.id,
    message,
    inContext: new Set(history.map(({ content }) => content)),
    learns: kind === "chat",
  });
  const offered = (await parts.tools.of(agent, owner)) ?? [];
  const questions = questionRules(turn, settings.clarification);
  const tools = questions.mayAsk ? offered : offered.filter((tool) => tool !== askUser);
  const asking = offered.includes(askUser) ? questions.instruction : undefined;
  const format = turn.format ?? settings.format;
  return {
    agent,
    ...parts.telemetry.watch(
      { requestId, sessionId, userId: owner.userId, agentId: agent.id },
      { model, tools },
    ),
    learned,
    format,
    asksCredentials: parts.tools.credentialDialogue?.mayAsk(turn) ?? false,
    startingServers: parts.tools.startingFor(agent),
    request: {
      messages: buildPrompt({
        instructions: [
          settings.soul,
          agent.system_message,
          procedure,
          asking,
          formatInstruction(format),
        ].filter((text) => text !== undefined),
        now: new Date(parts.clock.now()),
        timezone: settings.timezone,
        synopsis,
        passages,
        history,
        message: attachments ? modelMessage(message, attachments) : message,
      }),
      ...(tools.length > 0 && { tools: tools.map(({ definition }) => definition) }),
      context: { passages },
    },
  };
};
