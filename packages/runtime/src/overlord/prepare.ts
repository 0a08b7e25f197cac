import type { AgentDefinition } from "@muxi/formation";
import { ApiError } from "@muxi/protocol";
import { modelMessage } from "../attachments/index.ts";
import { builtInModelId, type Model, type ModelRequest } from "../models/index.ts";
import type { Owner, Statement } from "../store/index.ts";
import { jobOrderIn, memoryOrderIn, speaksOfJobs, speaksOfMemory } from "../text/index.ts";
import { askUser, callersTools, type Tool } from "../tools/index.ts";
import type { RequestBudget } from "./budget.ts";
import { questionRules } from "./clarification.ts";
import { agentByScore } from "./fitting.ts";
import { type Form, formatInstruction, formOf } from "./format.ts";
import { type CitationMode, citingIn, firstGiven, forModel, type GivenPassage } from "./given-passages.ts";
import { type HistoryMessage, keptAtNextSlide, turnsInWindow, windowOf } from "./history.ts";
import { jobTools } from "./job-tools.ts";
import { memoryTools } from "./memory-tools.ts";
import type { OverlordParts } from "./parts.ts";
import type { Planner } from "./planner.ts";
import type { Applied } from "./procedures.ts";
import { buildPrompt, type PromptSection, saidEarlier } from "./prompt.ts";
import { type AgentRouter, agentNamed } from "./routing.ts";
import { isLearnedFrom, type Turn } from "./turn.ts";
import { workIn } from "./work-in.ts";
import type { WorkPlan } from "./work-plan.ts";

export interface PreparationParts
  extends Pick<
    OverlordParts,
    "settings" | "procedures" | "store" | "models" | "tools" | "memory" | "jobs" | "telemetry" | "clock"
  > {
  route: AgentRouter;
  /** Undefined where no model can take requests apart. */
  planner: Planner | undefined;
}

/** How a message is answered by tasks: from their results. */
export interface PreparedWork {
  /** Undefined while the message is still to be taken apart. */
  plan?: WorkPlan | undefined;
  /** Whether something is to be done before the plan is carried out: it is to be made, or waits for a yes. */
  isPlanned: boolean;
  /** How much work the message asks for, by its words. */
  complexity?: number | undefined;
  history: readonly HistoryMessage[];
  requestWith: (sections: readonly PromptSection[]) => ModelRequest;
}

/** The agent that answers a turn, with its model, tools and request. */
export interface Prepared {
  agent: AgentDefinition;
  model: Model;
  /** The model that reads images, if the formation names one. */
  seeing: Model | undefined;
  tools: readonly Tool[];
  budget: RequestBudget;
  form: Form;
  /** Whether the user may be asked for a credential. */
  asksCredentials: boolean;
  /** MCP servers that are still starting, so that their tools are missing. */
  startingServers: readonly string[];
  request: ModelRequest;
  /** Set when the message is answered by tasks, or may be. */
  work?: PreparedWork;
  /** Those of the request's passages that are of documents. */
  given: readonly GivenPassage[];
  /** Whether the tools of jobs are offered, if they can be. */
  isOfJobs: boolean;
  citing: CitationMode;
  /** Statements that store, with the message, what is to be learned from it. */
  learned: Statement[];
}

const noVisionModel = () =>
  new ApiError(
    "SERVICE_UNAVAILABLE",
    "The formation names no model that sees images: add one to llm.models, such as - vision: openai/gpt-4o-mini",
  );

const noModelForSchemas = () =>
  new ApiError(
    "LLM_NOT_CONFIGURED",
    "The built-in model quotes what it finds and fills in no schema: name a model in llm.models",
  );

/** The session of a turn. */
export interface TurnSession {
  sessionId: string;
  /** Whether it has no history. */
  isNew: boolean;
  /** Number of the user's messages in it before this one. */
  turns: number;
  /** Id of the turn's own request, if its message is stored: it and later messages are not history. */
  until?: string;
  /** Id of the agent that began the answer, and what it was given of its documents. */
  begunBy?: string | undefined;
  given?: readonly GivenPassage[] | undefined;
  /** Whether it was offered the tools of jobs when it was begun: meanwhile the window of its history may have moved. */
  isOfJobs?: boolean | undefined;
  /** The tasks that were begun. */
  plan?: WorkPlan | undefined;
  /** Whether the answer was begun, and whether with a draft of a plan. */
  progress?: "none" | "begun" | "drafted" | undefined;
}

/** Key of the journal step that is there when the tools of jobs were offered. */
export const jobsStep = "round:jobs";

/** The user's messages before this one that may say what "the second one" is of. */
const turnsOfOneMatter = 8;

/**
 * Gathers everything that a turn is answered from.
 *
 * @throws ApiError `AGENT_NOT_FOUND`, `SERVICE_UNAVAILABLE` (images, and no model for them), `LLM_NOT_CONFIGURED` (a
 * schema, and no model for it), `INVALID_PARAMS` (tools whose names are the agent's own)
 */
export const prepareTurn = async (
  parts: PreparationParts,
  turn: Turn,
  owner: Owner,
  session: TurnSession,
): Promise<Prepared> => {
  const { sessionId, isNew, turns, until, begunBy, plan: begun, progress = "none", given: before } = session;
  const { settings, store, models, memory } = parts;
  const { requestId, message, attachments } = turn;
  // Not for what triggers and jobs say: nobody is there who could want it.
  const isOfMemory = isLearnedFrom(turn) && speaksOfMemory(message);
  const jobs = isLearnedFrom(turn) ? parts.jobs : undefined;
  const mostTurns = turnsInWindow(settings.turnsInContext, turns);
  // A turn is two messages; messages that wait for their answers are in between.
  const interrupts = until !== undefined && turn.onBusy === "interrupt";
  const recent = isNew
    ? []
    : await store.sessions.recent(owner, sessionId, settings.turnsInContext * 4 + 8, {
        until,
        from: turn.messageSeq,
        cuts: interrupts,
      });
  const { history, from } = windowOf(recent, mostTurns, interrupts);
  const agentWith = (id: string | null | undefined) => settings.agents.find((agent) => agent.id === id);

  const choose = (applied: Applied | undefined) => {
    if (turn.agentId !== undefined) return agentNamed(settings.agents, turn.agentId);
    const begun = agentWith(begunBy);
    if (begun) return begun;
    const lastAnswer = settings.agentAffinity
      ? recent.findLast(({ agentId }) => agentId !== null)
      : undefined;
    const unrouted = { message, history, previous: agentWith(lastAnswer?.agentId) };
    return applied ? agentByScore(settings.agents, unrouted) : parts.route(unrouted);
  };
  const followed = async () => {
    const mayFollow = turn.agentId === undefined && !begun && progress !== "drafted";
    const applied = mayFollow ? await parts.procedures.apply(message) : undefined;
    return { applied, agent: await choose(applied) };
  };
  const [{ applied, agent }, { synopsis, summary, remembered, learned }] = await Promise.all([
    followed(),
    memory.recall({
      owner,
      sessionId,
      requestId,
      message,
      window: {
        from: turns > mostTurns ? from : undefined,
        slidesTo: settings.flushFrom && keptAtNextSlide(settings.turnsInContext, turns, settings.flushFrom),
      },
      inContext: new Set(history.map(({ content }) => content)),
      learns: isLearnedFrom(turn) && !(isOfMemory && memoryOrderIn(message)),
    }),
  ]);
  const plan = begun ?? (applied && "plan" in applied ? applied.plan : undefined);
  const procedure = applied && "instruction" in applied ? applied.instruction : undefined;
  const hasImages = attachments !== undefined && attachments.images.length > 0;
  const isOpen =
    progress === "none" && !applied && turn.agentId === undefined && !turn.questions && !turn.tools;
  const asked =
    isOpen && !plan && !hasImages && parts.planner ? workIn(message, settings.workflows) : undefined;
  const complexity = jobs && asked !== undefined && jobOrderIn(message) ? undefined : asked;
  const isPlanned =
    progress === "drafted" || complexity !== undefined || (!begun && plan?.mustBeApproved === true);
  const earlier = history.flatMap(({ role, content }) => (role === "user" ? [content] : []));
  const isOfJobs =
    jobs !== undefined &&
    (session.isOfJobs ?? [...earlier.slice(-turnsOfOneMatter), message].some(speaksOfJobs));
  const form = formOf(turn.format ?? settings.format);
  const citing = citingIn(settings.citing, form.format);
  const given = before ?? firstGiven(agent.id, await memory.documents(agent.id, message, earlier));
  const passages = [...remembered, ...forModel(given, citing)];
  const seeing = models.visionModelOf(agent);
  if (hasImages && !seeing) throw noVisionModel();
  const named = turn.model === undefined ? models.modelOf(agent) : models.modelNamed(turn.model);
  const model = (hasImages && seeing) || named;
  if (form.schema && model.id === builtInModelId) throw noModelForSchemas();

  const budget = parts.tools.newBudget();
  const ofServers = (await parts.tools.of(agent, { ...owner, sessionId }, budget)) ?? [];
  const offered = [
    ...ofServers,
    ...(memory.own && isOfMemory ? memoryTools(memory.own, owner, requestId) : []),
    ...(jobs && isOfJobs ? jobTools(jobs, { userId: owner.userId, requestId }) : []),
  ];
  const questions = questionRules(turn, settings.clarification);
  const own = questions.mayAsk ? offered : offered.filter((tool) => tool !== askUser);
  const tools = turn.tools ? [...own, ...callersTools(turn.tools, own)] : own;
  const asking = offered.includes(askUser) ? questions.instruction : undefined;
  const requestWith = (sections: readonly PromptSection[]): ModelRequest => ({
    messages: buildPrompt({
      instructions: [
        settings.soul,
        agent.system_message,
        procedure,
        plan || sections.length > 0 ? undefined : asking,
        formatInstruction(form),
      ].filter((text) => text !== undefined),
      now: new Date(parts.clock.now()),
      timezone: settings.timezone,
      synopsis,
      passages,
      sections,
      summary,
      history,
      message: attachments ? modelMessage(message, attachments) : message,
    }),
    context: { passages: [...passages, ...saidEarlier(summary)] },
    ...(form.schema && { settings: { jsonSchema: form.schema } }),
    conversation: JSON.stringify([owner.formationId, owner.userId, sessionId]),
  });
  return {
    agent,
    ...parts.telemetry.watch(
      {
        requestId,
        sessionId,
        userId: owner.userId,
        agentId: agent.id,
        caller: turn.caller,
        questions: turn.questions,
      },
      { model, seeing, tools },
    ),
    budget,
    learned,
    form,
    given,
    isOfJobs,
    citing,
    asksCredentials: parts.tools.credentialDialogue?.mayAsk(turn) ?? false,
    startingServers: parts.tools.startingFor(agent),
    request: {
      ...requestWith([]),
      ...(tools.length > 0 && { tools: tools.map(({ definition }) => definition) }),
    },
    ...((plan || isPlanned) && {
      work: { plan, isPlanned: isPlanned && !begun, complexity, history, requestWith },
    }),
  };
};
