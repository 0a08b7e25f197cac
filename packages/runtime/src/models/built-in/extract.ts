import { jobOrderIn, memoryOrderIn, statedFact, wordsOf } from "../../text/index.ts";
import type { ModelRequest, Passage, ToolCall, ToolDefinition } from "../interface/index.ts";
import { plainText } from "../interface/index.ts";
import { isFact, toSecondPerson } from "./facts.ts";
import { quote } from "./quote.ts";
import { asking, meantCall, orderedCall, type ToolReply } from "./tool-orders.ts";

export interface ExtractiveReply {
  text: string;
  toolCall?: ToolCall;
}

/** Characters of a message that the rules examine. */
const longestMessage = 4_000;
/** Characters of a tool's result that are repeated. */
const longestResult = 2_000;

const remedy = "Set OPENAI_API_KEY, or the key of another provider, to talk to a language model.";

const introduction =
  "I am the built-in model of this formation. I work without a language model: I remember what you tell me and " +
  `quote from my documents. ${remedy}`;

const nothingFound =
  "I found nothing about that in my documents or in what you told me. I am the built-in model, which looks things " +
  `up and cannot reason. ${remedy}`;

const greeting =
  /^(?:hi|hello|hey|hiya|howdy|greetings|good (?:morning|afternoon|evening|day))(?: there| again)?[\s!.,]*$/i;
const aboutItself = /^(?:who|what) are you\b|^what can you do\b|^help[!.?]*$/i;
const replyOf = (tool: ToolReply): ExtractiveReply =>
  "call" in tool ? { text: "", toolCall: tool.call } : { text: tool.problem };

/** What the user was asked, each with the answer behind it. */
const answersIn = (messages: ModelRequest["messages"]): string[] => {
  const calls = messages.flatMap((each) => (each.role === "assistant" ? (each.toolCalls ?? []) : []));
  return messages.flatMap((each) => {
    if (each.role !== "tool" || each.name !== asking) return [];
    const call = calls.find(({ id }) => id === each.toolCallId);
    return `${call?.arguments ?? ""} ${each.content}`;
  });
};

/** The files and results of a task, which begin with their names, as passages. */
const passagesOfTask = (texts: readonly string[]): Passage[] =>
  texts.flatMap((text) => {
    const end = text.indexOf("\n\n");
    return end === -1
      ? []
      : [{ kind: "knowledge" as const, source: text.slice(0, end), text: text.slice(end + 2) }];
  });

/** The call for what a message orders about memories, where there is a tool for it. */
const memoryCall = (message: string, tools: ToolDefinition[], id: string): ExtractiveReply | undefined => {
  const order = memoryOrderIn(message);
  const name = order && `${order.order}_memories`;
  if (!order || !tools.some((tool) => tool.name === name)) return undefined;
  const { order: verb, ...args } = order;
  return { text: "", toolCall: { id, name: `${verb}_memories`, arguments: JSON.stringify(args) } };
};

/** The call for what a message orders about jobs, where there is a tool for it. */
const jobCall = (message: string, tools: ToolDefinition[], id: string): ExtractiveReply | undefined => {
  const { tool: name, ...args } = jobOrderIn(message) ?? {};
  if (name === undefined || !tools.some((tool) => tool.name === name)) return undefined;
  return { text: "", toolCall: { id, name, arguments: JSON.stringify(args) } };
};

/** Tools whose results are written for the user. */
const forUsers = /^(?:list|make|change)_jobs?$/;
const reminder = /^reminder: \S/i;

const withoutIds = (text: string): string => text.slice(0, longestResult).replaceAll(/ \[mem_[\w-]+\]/g, "");

/** Share of a question's words that a text contains. */
const coverage = (question: ReadonlySet<string>, text: string): number => {
  const words = new Set(wordsOf(text));
  return question.size === 0 ? 0 : [...question].filter((word) => words.has(word)).length / question.size;
};

const bestFact = (words: ReadonlySet<string>, facts: string[]): { fact: string; score: number } => {
  let best = { fact: "", score: 0 };
  // In order, so that later statements win over earlier ones.
  for (const fact of facts) {
    const score = coverage(words, fact);
    if (score > best.score) best = { fact, score };
  }
  return best;
};

/** The reply of the built-in model: by rule if the message is an order, a greeting or a fact, else a quotation. */
export const answerFrom = ({ messages, tools = [], toolChoice, context }: ModelRequest): ExtractiveReply => {
  const last = messages.at(-1);
  if (last?.role === "tool" && last.name.endsWith("_memories")) return { text: withoutIds(last.content) };
  if (last?.role === "tool" && forUsers.test(last.name)) return { text: last.content };
  const called = messages.flatMap((each) => (each.role === "assistant" ? (each.toolCalls ?? []) : []));
  const callId = `call_${called.length + 1}`;
  const { tools: named = [], texts = [] } = context?.task ?? {};
  const next = tools.find(({ name }) => named.includes(name) && !called.some((call) => call.name === name));
  if (next && toolChoice !== "none") {
    const mayAsk = tools.some(({ name }) => name === asking) && !called.some(({ name }) => name === asking);
    return replyOf(meantCall(next, [...answersIn(messages), ...texts], { callId, mayAsk }));
  }
  if (last?.role === "tool")
    return { text: `${last.name} answered: ${last.content.slice(0, longestResult)}` };

  const said = messages
    .filter(({ role }) => role === "user")
    .map(({ content }) => plainText(content).slice(0, longestMessage).trim());
  const message = said.pop() ?? "";
  const order = orderedCall(message, tools, callId);
  if (order) return replyOf(order);
  const ordered = memoryCall(message, tools, callId) ?? jobCall(message, tools, callId);
  if (ordered) return ordered;
  if (reminder.test(message)) return { text: message };
  if (greeting.test(message)) return { text: `Hello. ${introduction}` };
  if (aboutItself.test(message)) return { text: introduction };
  const stated = statedFact(message);
  if (stated !== undefined) return { text: `I will remember: ${toSecondPerson(stated)}` };

  const words = new Set(wordsOf(message));
  const passages = [...(context?.passages ?? []), ...passagesOfTask(texts)];
  const remembered = passages.filter(({ kind }) => kind !== "knowledge").map(({ text }) => text);
  const { fact, score } = bestFact(words, [...said.reverse(), ...remembered].filter(isFact));
  const quotation = quote(
    words,
    passages.filter(({ kind }) => kind === "knowledge"),
  );
  if (score >= 0.5 && score >= (quotation?.score ?? 0)) {
    return { text: `You told me: ${toSecondPerson(statedFact(fact) ?? fact)}` };
  }
  return { text: quotation?.text ?? nothingFound };
};
