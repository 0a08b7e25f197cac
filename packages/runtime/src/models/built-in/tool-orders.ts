import { isObject } from "@muxi/protocol";
import { parseObject } from "../../base/index.ts";
import type { ToolCall, ToolDefinition } from "../interface/index.ts";

/** What the built-in model does about a tool: it calls it, or says why not. */
export type ToolReply = { call: ToolCall } | { problem: string };

/** The tool that a message names; its arguments may follow. */
const toolOrder = /\bcall:([\w.-]+)|^(?:please )?use (?:the )?(?:tool )?[`"']?([\w.-]+)[`"']? with (?=\{)/i;

/** The call that a message orders in so many words, with its arguments as JSON. */
export const orderedCall = (
  message: string,
  tools: readonly ToolDefinition[],
  callId: string,
): ToolReply | undefined => {
  const match = toolOrder.exec(message);
  const name = match?.[1] ?? match?.[2];
  if (!match || name === undefined) return undefined;
  if (!tools.some((tool) => tool.name === name)) {
    const known = tools.map((tool) => tool.name).join(", ");
    return {
      problem: `I have no tool named ${name}. ${known ? `My tools are: ${known}.` : "I have no tools at all."}`,
    };
  }
  const rest = message.slice(match.index + match[0].length).trimStart();
  const json = (rest.startsWith("{") && rest.slice(0, rest.lastIndexOf("}") + 1)) || "{}";
  if (!parseObject(json)) return { problem: `I cannot call ${name}: its arguments are not a JSON object.` };
  return { call: { id: callId, name, arguments: json } };
};

/** Words between the name of an argument and its value, at most, such as "no." in "order no. 1017". */
const wordsBetween = 2;

const wordPattern = /[\p{L}\p{N}][\p{L}\p{N}.-]*/gu;

const wordsIn = (text: string): string[] =>
  (text.match(wordPattern) ?? []).map((word) => (/[.-]$/.test(word) ? word.slice(0, -1) : word));

/** What a text says behind a name: a word with a digit, such as 1017 in "Order no. 1017". */
const valueAfter = (name: string, text: string): string | undefined => {
  const words = wordsIn(text);
  const wanted = name.split("_")[0]?.toLowerCase();
  for (const [place, word] of words.entries()) {
    if (word.toLowerCase() !== wanted) continue;
    const value = words.slice(place + 1, place + 2 + wordsBetween).find((next) => /\p{N}/u.test(next));
    if (value !== undefined) return value;
  }
  return undefined;
};

const argumentsIn = (properties: Record<string, unknown>, texts: readonly string[]) =>
  Object.entries(properties).flatMap(([name, schema]): [string, string | number][] => {
    const value = texts.map((text) => valueAfter(name, text)).find((found) => found !== undefined);
    if (value === undefined) return [];
    const isNumber = isObject(schema) && (schema.type === "number" || schema.type === "integer");
    if (!isNumber) return [[name, value]];
    return Number.isFinite(Number(value)) ? [[name, Number(value)]] : [];
  });

/** Name of the tool by which agents ask the user. */
export const asking = "ask_user";

/**
 * The call of a tool that a task names; a question when one of its arguments is missing. Its arguments are the values that stand behind their names in what was said.
 *
 * @param texts What counts first comes first.
 */
export const meantCall = (
  { name, parameters }: ToolDefinition,
  texts: readonly string[],
  { callId, mayAsk }: { callId: string; mayAsk: boolean },
): ToolReply => {
  const properties = isObject(parameters.properties) ? parameters.properties : {};
  const required = Array.isArray(parameters.required) ? parameters.required : [];
  const found = Object.fromEntries(argumentsIn(properties, texts));
  const missing = required.find((argument) => !(argument in found));
  if (missing !== undefined && mayAsk)
    return {
      call: { id: callId, name: asking, arguments: JSON.stringify({ question: `Which ${missing}?` }) },
    };
  if (missing !== undefined)
    return {
      problem: `I cannot call ${name}: nobody has said "${missing}" with its value, as in "${missing} 1".`,
    };
  return { call: { id: callId, name, arguments: JSON.stringify(found) } };
};
