import { parseObject } from "../../base/index.ts";
import { statedFact, wordsOf } from "../../text/index.ts";
import type { ModelRequest, ToolCall, ToolDefinition } from "../interface/index.ts";
import { plainText } from "../interface/index.ts";
import { isFact, toSecondPerson } from "./facts.ts";
import { quote } from "./quote.ts";

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
/** The tool that a message names; its arguments may follow. */
const toolOrder = /\bcall:([\w.-]+)|^(?:please )?use (?:the )?(?:tool )?[`"']?([\w.-]+)[`"']? with (?=\{)/i;

const orderedTool = (
  message: string,
  tools: ToolDefinition[],
  callId: string,
): ExtractiveReply | undefined => {
  const match = toolOrder.exec(message);
  const name = match?.[1] ?? match?.[2];
  if (!match || name === undefined) return undefined;
  if (!tools.some((tool) => tool.name === name)) {
    const known = tools.map((tool) => tool.name).join(", ");
    return {
      text: `I have no tool named ${name}. ${known ? `My tools are: ${known}.` : "I have no tools at all."}`,
    };
  }
  const rest = message.slice(match.index + match[0].length).trimStart();
  const json = (rest.startsWith("{") && rest.slice(0, rest.lastIndexOf("}") + 1)) || "{}";
  if (!parseObject(json)) return { text: `I cannot call ${name}: its arguments are not a JSON object.` };
  return { text: "", toolCall: { id: callId, name, arguments: json } };
};

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
export const answerFrom = ({ messages, tools = [], context }: ModelRequest): ExtractiveReply => {
  const last = messages.at(-1);
  if (last?.role === "tool")
    return { text: `${last.name} answered: ${last.content.slice(0, longestResult)}` };

  const said = messages
    .filter(({ role }) => role === "user")
    .map(({ content }) => plainText(content).slice(0, longestMessage).trim());
  const message = said.pop() ?? "";
  const calls = messages.reduce(
    (sum, each) => sum + (each.role === "assistant" ? (each.toolCalls?.length ?? 0) : 0),
    0,
  );
  const order = orderedTool(message, tools, `call_${calls + 1}`);
  if (order) return order;
  if (greeting.test(message)) return { text: `Hello. ${introduction}` };
  if (aboutItself.test(message)) return { text: introduction };
  const stated = statedFact(message);
  if (stated !== undefined) return { text: `I will remember: ${toSecondPerson(stated)}` };

  const words = new Set(wordsOf(message));
  const passages = context?.passages ?? [];
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
