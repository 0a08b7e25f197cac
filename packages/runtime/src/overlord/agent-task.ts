import type { AgentDefinition } from "@muxi/formation";
import type { Usage } from "@muxi/protocol";
import { EventLog } from "../events/index.ts";
import type { Memory } from "../memory/index.ts";
import type { Model, ModelRequest } from "../models/index.ts";
import type { Journal, Tool } from "../tools/index.ts";
import { type AgentAnswer, answerWith } from "./agent-loop.ts";
import type { RequestBudget } from "./budget.ts";
import { passagesOf } from "./citations.ts";
import type { WindowSizes } from "./fit-window.ts";
import { type CitationMode, forModel, type GivenPassage, give, givenStep } from "./given-passages.ts";
import { buildPrompt, type PromptSection } from "./prompt.ts";

export interface AgentTaskDeps {
  modelOf: (agent: AgentDefinition) => Model;
  visionModelOf: (agent: AgentDefinition) => Model | undefined;
  /** Passages of an agent's documents that are relevant to a text, best first. */
  documents: Memory["documents"];
  windows: WindowSizes;
  citing: CitationMode;
  /** IANA name of the time zone for date and time. */
  timezone: string;
  now: () => number;
}

/** A task that an agent has apart from the conversation. */
export interface AgentTask {
  agent: AgentDefinition;
  text: string;
  /** Further instructions, behind the agent's own. */
  instructions?: readonly string[];
  sections?: readonly PromptSection[];
  /** What these hold of documents. */
  given?: readonly GivenPassage[];
  /** In place of the agent's own. */
  model?: Model | undefined;
  /** Whether it goes on in the journal once a question of it is answered. */
  waitsForAnswers?: boolean;
  tools: readonly Tool[];
  /** Names of those that the task names one by one. */
  meant?: readonly string[];
  budget: RequestBudget;
}

const instructionsOf = ({ name, description, system_message }: AgentDefinition) =>
  system_message ?? `You are ${name}. ${description}`;

/**
 * Has the agent answer a task from the task, its documents and its tools alone.
 *
 * @returns Also the passages that the answer rests on.
 * @param onUsage Told of the tokens so far whenever there are more.
 * @throws ModelError; the reason of the signal
 */
export const answerTask = async (
  deps: AgentTaskDeps,
  task: AgentTask,
  signal: AbortSignal,
  journal: Journal,
  onUsage?: (usage: Usage) => void,
): Promise<AgentAnswer & { text: string; passages: readonly GivenPassage[] }> => {
  const {
    agent,
    text,
    instructions = [],
    sections = [],
    model,
    waitsForAnswers,
    tools,
    meant = [],
    budget,
  } = task;
  const { citing } = deps;
  const { given, own } = await journal.step(givenStep, async () => {
    const all = [...(task.given ?? [])];
    const found = await deps.documents(agent.id, text, []);
    return {
      own: give(
        all,
        found.map((passage) => ({ agentId: agent.id, passage })),
      ),
      given: all,
    };
  });
  const passages = forModel(own, citing);
  const request: ModelRequest = {
    messages: buildPrompt({
      instructions: [instructionsOf(agent), ...instructions],
      now: new Date(deps.now()),
      timezone: deps.timezone,
      synopsis: "",
      passages,
      sections,
      history: [],
      message: text,
    }),
    ...(tools.length > 0 && { tools: tools.map(({ definition }) => definition) }),
    context: { passages, task: { tools: meant, texts: sections.flatMap(({ texts }) => texts) } },
  };
  const log = new EventLog();
  const answer = await answerWith({
    run: { signal, log },
    model: model ?? deps.modelOf(agent),
    seeing: deps.visionModelOf(agent),
    request,
    given,
    citing,
    tools,
    budget,
    windows: deps.windows,
    ...(waitsForAnswers && { waitsForAnswers }),
    journal,
    ...(onUsage && { onUsage }),
  });
  const answered = { text: log.text, question: text, given: answer.given, mode: citing };
  return { ...answer, text: log.text, passages: passagesOf(answered) };
};
