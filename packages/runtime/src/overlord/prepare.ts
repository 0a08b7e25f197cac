import type { AgentDefinition } from "@muxi/formation";
import { ApiError } from "@muxi/protocol";
import { modelMessage } from "../attachments/index.ts";
import type { Memory } from "../memory/index.ts";
import type { Model, ModelRequest } from "../models/index.ts";
import type { Watch } from "../observability/index.ts";
import type { Owner, SessionRepository, Statement } from "../store/index.ts";
import { askUser, type Tool } from "../tools/index.ts";
import { type ClarificationRules, questionRules } from "./clarification.ts";
import type { CredentialDialogue } from "./credential-dialogue.ts";
import { formatInstruction, type ResponseFormat } from "./format.ts";
import type { Procedures } from "./procedures.ts";
import { buildPrompt } from "./prompt.ts";
import { type Agents, agentByScore, agentNamed, type Router } from "./routing.ts";
import type { Turn } from "./turn.ts";

export interface PreparationDeps {
  /** Voice of the formation (contract/formation.md 2.5). */
  soul: string;
  agents: Agents;
  route: Router;
  clarification: ClarificationRules;
  /** Undefined where credentials are not given in the chat. */
  credentialDialogue: CredentialDialogue | undefined;
  /** What answers are written in, unless their turn says otherwise. */
  format: ResponseFormat;
  /** Messages of the session that a model sees. */
  contextSize: number;
  modelOf: (agent: AgentDefinition) => Model;
  /** The model that an agent looks at images with. */
  visionModelOf: (agent: AgentDefinition) => Model | undefined;
  /** A model by its name, `provider/name`. */
  modelNamed: (name: string) => Model;
  /** What an agent can do for a user; undefined when it can only talk. */
  toolsFor: (agent: AgentDefinition, owner: Owner) => Promise<readonly Tool[]> | undefined;
  procedures: Procedures;
  sessions: SessionRepository;
  memory: Memory;
  /** Told of the calls of models and tools. */
  watch: Watch;
  now: () => number;
}

/** Who answers a turn, with what, and on what ground. */
export interface Prepared {
  agent: AgentDefinition;
  model: Model;
  tools: readonly Tool[];
  format: ResponseFormat;
  /** Whether the user may be asked for a credential. */
  asksCredentials: boolean;
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
  deps: PreparationDeps,
  turn: Turn,
  owner: Owner,
  { sessionId, isNew, until, begunBy }: TurnSession,
): Promise<Prepared> => {
  const { sessions, memory, now } = deps;
  const { requestId, message, attachments, kind = "chat" } = turn;
  const history = isNew ? [] : await sessions.recent(owner, sessionId, deps.contextSize, until);
  const procedure = turn.agentId === undefined ? deps.procedures.instructionFor(message) : undefined;
  const begun = deps.agents.find(({ id }) => id === begunBy);
  const choose = () =>
    procedure === undefined ? deps.route({ message, history }) : agentByScore(deps.agents, message);
  const agent =
    turn.agentId === undefined ? (begun ?? (await choose())) : agentNamed(deps.agents, turn.agentId);
  const seeing = attachments?.images.length ? deps.visionModelOf(agent) : undefined;
  if (attachments?.images.length && !seeing) throw noEyes();
  const model = seeing ?? (turn.model === undefined ? deps.modelOf(agent) : deps.modelNamed(turn.model));

  const { synopsis, passages, learned } = await memory.recall({
    owner,
    sessionId,
    requestId,
    agentId: agent.id,
    message,
    inContext: new Set(history.map(({ content }) => content)),
    learns: kind === "chat",
  });
  const offered = (await deps.toolsFor(agent, owner)) ?? [];
  const questions = questionRules(turn, deps.clarification);
  const tools = questions.mayAsk ? offered : offered.filter((tool) => tool !== askUser);
  const asking = offered.includes(askUser) ? questions.instruction : undefined;
  const format = turn.format ?? deps.format;
  return {
    agent,
    ...deps.watch({ requestId, sessionId, userId: owner.userId, agentId: agent.id }, { model, tools }),
    learned,
    format,
    asksCredentials: deps.credentialDialogue?.mayAsk(turn) ?? false,
    request: {
      messages: buildPrompt({
        instructions: [deps.soul, agent.system_message, procedure, asking, formatInstruction(format)].filter(
          (text) => text !== undefined,
        ),
        now: new Date(now()),
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
