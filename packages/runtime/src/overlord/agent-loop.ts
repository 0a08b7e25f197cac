import type { Choices, FinishReason, JsonObject, Usage, WorkOutcome } from "@muxi/protocol";
import { parseObject } from "../base/index.ts";
import type { EventLog } from "../events/index.ts";
import {
  ContextTooLongError,
  type Model,
  type ModelDelta,
  ModelError,
  type ModelMessage,
  type ModelRequest,
  noUsage,
  refusesSchema,
  refusesTools,
  sumOfUsage,
  type Thoughts,
  type ToolCall,
} from "../models/index.ts";
import {
  type Asked,
  answerText,
  askUser,
  choicesIn,
  type GivenAnswer,
  giveUp,
  type Tool,
  WaitsForUser,
  withOptions,
} from "../tools/index.ts";
import { LoopBudget } from "./budget.ts";
import { credentialQuestion } from "./credential-dialogue.ts";
import { shorter, type WindowSizes } from "./fit-window.ts";
import { type CitationMode, type GivenPassage, resultForModel } from "./given-passages.ts";
import { makeCalls, type ToolCaller } from "./tool-calls.ts";

/** How an answer ended. Its text is in the run's log. */
export interface AgentAnswer {
  model: string;
  finishReason: FinishReason;
  /** Sum over all rounds. */
  usage: Usage;
  /** The answer as a value, where it is to fit a schema. */
  object?: unknown;
  /** Set when the agent asks the user before it goes on; the question is the end of the text. */
  clarification?: { question: string; choices?: Choices | undefined; credential?: string };
  /** Set when the request waits for its user, and then goes on in its journal. */
  waitsFor?: Asked;
  /** How far the tasks are of a request that consists of several. */
  work?: WorkOutcome;
  /** Why the agent gives its task up, if it does, and where in its journal an answer of the user lets it go on. */
  givenUp?: { reason: string; answerKey: string };
  /** What the model was given of documents. */
  given: readonly GivenPassage[];
  /** The limit that ended the calls, such as "50 tool calls". */
  limitReached?: string;
}

/** A round whose model call has begun: its first batch of deltas, and the rest. */
export interface BegunRound {
  first: Promise<IteratorResult<ModelDelta[]>>;
  rest: AsyncIterator<ModelDelta[]>;
}

/** The part of an event log that an agent writes to. */
export type AgentLog = Pick<EventLog, "append" | "appendText" | "length" | "text">;

export interface AgentTurn extends ToolCaller {
  run: { signal: AbortSignal; log: AgentLog };
  model: Model;
  /** Asked from the first result with images on; without it, models read a description of them. */
  seeing?: Model | undefined;
  request: ModelRequest;
  /** Those of the request's passages that are of documents. */
  given: readonly GivenPassage[];
  citing: CitationMode;
  /** The first round, if its model call has begun. */
  begun?: BegunRound;
  /** Whether the loop goes on in the journal once a question is answered; otherwise the next message begins a new one. */
  waitsForAnswers?: boolean;
  /** Whether the user may be asked for a credential that a call is missing. */
  asksCredentials?: boolean;
  /** How long a request each model accepts. */
  windows: WindowSizes;
  /** What the user has said meanwhile, for the model to read from this round on. */
  hear?: (round: number) => Promise<readonly string[]>;
  /** Told of the tokens so far whenever there are more. */
  onUsage?: (usage: Usage) => void;
}

/** What the model said in one round. */
interface Round {
  text: string;
  calls: ToolCall[];
  thoughts?: Thoughts;
  finish: { model: string; reason: FinishReason; usage: Usage };
}

const enough = (limit: string) =>
  `The limit of ${limit} is reached: no more calls are made. Answer now with what you have found, and say what is missing.`;

/** Passes the model's deltas on as events. */
const readRound = async ({ log }: AgentTurn["run"], { first, rest }: BegunRound): Promise<Round> => {
  const calls: ToolCall[] = [];
  /** Position in the log's text at which this round begins. */
  let start: number | undefined;
  let finish: Round["finish"] | undefined;
  let thoughts: Thoughts | undefined;
  for (let step = await first; !step.done; step = await rest.next()) {
    const pieces: string[] = [];
    let thinking = "";
    for (const delta of step.value) {
      if (delta.type === "text") pieces.push(delta.text);
      else if (delta.type === "reasoning") thinking += delta.text;
      else if (delta.type === "finish") finish = delta;
      else if (delta.type === "thoughts") thoughts = { model: delta.model, data: delta.data };
      else {
        const { type: _, ...call } = delta;
        calls.push(call);
      }
    }
    if (thinking !== "") log.append({ type: "thinking", content: thinking });
    if (pieces.length === 0) continue;
    // Text after tool calls begins a new paragraph.
    if (start === undefined && log.length > 0) log.appendText(["\n\n"]);
    start ??= log.length;
    log.appendText(pieces);
  }
  if (!finish) throw new ModelError("LLM_ERROR", "The model's answer ended before it was complete");
  const text = start === undefined ? "" : log.text.slice(start);
  return { text, calls, finish, ...(thoughts && { thoughts }) };
};

/** What a round says with a tool that ends it: the argument of that name, and the others. */
const saidWith = (
  { definition }: Tool,
  argument: string,
  { calls }: Round,
  tools: readonly Tool[],
): { said: string; args: JsonObject } | undefined => {
  const isOffered = tools.some((tool) => tool.definition === definition);
  const call = isOffered ? calls.find(({ name }) => name === definition.name) : undefined;
  const args = call && parseObject(call.arguments);
  const said = args?.[argument];
  return args && typeof said === "string" && said.trim() !== "" ? { said, args } : undefined;
};

/** A round that has asked the user, and the answer. Its other calls can be made again with what the answer says. */
const answered = ({ text, calls, thoughts }: Round, { value }: GivenAnswer): ModelMessage[] => [
  { role: "assistant", content: text, toolCalls: calls, ...(thoughts && { thoughts }) },
  ...calls.map(({ id, name }): ModelMessage => {
    const isAnswered = name === askUser.definition.name || name === giveUp.definition.name;
    const content = isAnswered ? answerText(value) : "Not called: the user was asked something first";
    return { role: "tool", toolCallId: id, name, content };
  }),
];

/** A message without the signatures of its calls, which only the model that made them accepts. */
const unsigned = (message: ModelMessage): ModelMessage =>
  message.role === "assistant" && message.toolCalls
    ? { ...message, toolCalls: message.toolCalls.map(({ signature: _, ...call }) => call) }
    : message;

/** A round whose calls have ids that no earlier one has: some servers begin again with `call_0` each time. */
const withOwnIds = (round: Round, messages: readonly ModelMessage[], number: number): Round => {
  if (round.calls.length === 0) return round;
  const taken = new Set(messages.map((message) => message.role === "tool" && message.toolCallId));
  const calls = round.calls.map((call) =>
    taken.has(call.id) ? { ...call, id: `${call.id}_${number}` } : call,
  );
  return { ...round, calls };
};

/**
 * Asks the model, makes its tool calls, and asks it again with the results until it answers. At a limit it gets one
 * last round without calls (docs/spec/formation-files.md "Tool loop").
 *
 * @throws ModelError when the model fails or breaks off; the reason of the run's signal; WaitsForUser
 */
export const answerWith = async (turn: AgentTurn): Promise<AgentAnswer> => {
  const { run, seeing, tools, budget, windows, journal, citing } = turn;
  let { request, model } = turn;
  const given = [...turn.given];
  const loop = new LoopBudget(budget);
  let limitReached: string | undefined;
  const messages: ModelMessage[] = [...request.messages];
  let usage = noUsage;
  const addUsage = (more: Usage) => {
    usage = sumOfUsage(usage, more);
    turn.onUsage?.(usage);
  };

  const begin = (sent: readonly ModelMessage[], isLast: boolean): BegunRound => {
    const asked: ModelRequest = { ...request, messages: [...sent], ...(isLast && { toolChoice: "none" }) };
    const deltas = model.stream(asked, run.signal)[Symbol.asyncIterator]();
    return { first: deltas.next(), rest: deltas };
  };

  /**
   * Asks the model. A request that is too long for it is shortened and sent again.
   *
   * @param begun The first try, if its model call has begun.
   */
  const ask = async (isLast: boolean, begun?: BegunRound): Promise<Round> => {
    let sent = windows.fit(model.id, messages);
    let next = begun;
    for (;;) {
      try {
        const read = (asked: BegunRound) => readRound(run, asked);
        const tried = sent;
        const round = await (next
          ? read(next)
          : budget.inPlace(run.signal, () => read(begin(tried, isLast))));
        windows.taken(model.id, sent);
        return round;
      } catch (error) {
        const less = error instanceof ContextTooLongError ? shorter(sent) : undefined;
        if (!less) throw error;
        windows.refused(model.id, sent);
        sent = less;
        next = undefined;
      }
    }
  };

  /** Asks a model that enforces no schemas again without one: the instructions say it too. */
  const askWithoutSchema = (error: unknown): Promise<Round> => {
    if (!request.settings?.jsonSchema || !refusesSchema(error)) return askWithoutTools(error);
    const { settings: _, ...plain } = request;
    request = plain;
    return ask(false).catch(askWithoutTools);
  };

  /** Asks a model that refuses tools again without them, unless there are tools other than the built-in ones. */
  const askWithoutTools = (error: unknown): Promise<Round> => {
    if (!refusesTools(error) || tools.length === 0 || tools.some(({ server }) => server !== undefined))
      throw error;
    const { tools: _, ...plain } = request;
    request = plain;
    return ask(false);
  };

  const askedFor = (
    clarification: NonNullable<AgentAnswer["clarification"]>,
    { model: askedBy }: Pick<Round["finish"], "model">,
  ): AgentAnswer => {
    const shown = withOptions(clarification.question, clarification.choices);
    run.log.appendText([run.log.text === "" ? shown : `\n\n${shown}`]);
    return { model: askedBy, finishReason: "stop", usage, given, clarification };
  };

  for (let number = 0, isLast = false; ; number++) {
    const heard = number > 0 ? ((await turn.hear?.(number)) ?? []) : [];
    messages.push(...heard.map((content): ModelMessage => ({ role: "user", content })));
    let isNew = false;
    const asked = await journal.step(`round:${number}`, () => {
      isNew = true;
      const first = ask(isLast, number === 0 ? turn.begun : undefined);
      return number === 0 ? first.catch(askWithoutSchema) : first;
    });
    const round = withOwnIds(asked, messages, number);
    if (!isNew && round.text !== "" && number >= (turn.told ?? 0)) run.log.appendText([round.text]);
    addUsage(round.finish.usage);
    budget.addUsage(round.finish.usage);
    const { model: answeredBy, reason } = round.finish;

    const answerKey = `answer:${number}`;
    const { place, answer } = journal.given(answerKey);
    if (answer) {
      messages.push(...answered(round, answer));
      continue;
    }
    const question = saidWith(askUser, "question", round, tools);
    if (question) {
      const { said: prompt, args } = question;
      const choices = choicesIn(args);
      if (!turn.waitsForAnswers) return askedFor({ question: prompt, choices }, round.finish);
      throw new WaitsForUser({ kind: "question", prompt, choices, place });
    }
    const givenUpFor = saidWith(giveUp, "reason", round, tools)?.said;
    if (givenUpFor !== undefined) {
      const givenUp = { reason: givenUpFor, answerKey };
      return { model: answeredBy, finishReason: "stop", usage, given, givenUp };
    }
    if (round.calls.length === 0 || isLast)
      return { model: answeredBy, finishReason: reason, usage, given, ...(limitReached && { limitReached }) };

    const outcomes = await makeCalls(turn, round.calls, number);
    const { text, calls: toolCalls, thoughts } = round;
    messages.push({ role: "assistant", content: text, toolCalls, ...(thoughts && { thoughts }) });
    for (const [index, { id, name }] of round.calls.entries()) {
      const outcome = outcomes[index];
      const content = outcome ? resultForModel(given, outcome, citing) : "";
      const { images } = outcome ?? {};
      messages.push({ role: "tool", toolCallId: id, name, content, ...(seeing && images && { images }) });
    }
    if (seeing && model !== seeing && outcomes.some(({ images }) => images)) {
      messages.splice(0, messages.length, ...messages.map(unsigned));
      model = seeing;
    }
    for (const outcome of outcomes) if (outcome.usage) addUsage(outcome.usage);
    const credential = turn.asksCredentials && outcomes.find((outcome) => outcome.credential)?.credential;
    if (credential) return askedFor({ question: credentialQuestion(credential), credential }, round.finish);
    loop.note(outcomes);
    limitReached = loop.spentBefore(number + 2);
    isLast = limitReached !== undefined;
    if (limitReached) messages.push({ role: "user", content: enough(limitReached) });
  }
};
