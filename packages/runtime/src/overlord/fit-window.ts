import type { ModelMessage } from "../models/index.ts";
import { plainText, turnStart } from "../models/index.ts";

/** Characters below which a tool's result is not cut. */
const shortestResult = 1_000;
/** Characters that an image counts as: models use at most some 1,600 tokens for one. */
const imageLength = 6_000;

const imagesIn = (message: ModelMessage): number => {
  if (message.role === "tool") return message.images?.length ?? 0;
  return typeof message.content === "string"
    ? 0
    : message.content.filter(({ type }) => type === "image").length;
};

const lengthOf = (message: ModelMessage): number => {
  const own = plainText(message.content).length + imagesIn(message) * imageLength;
  if (message.role === "user") return own + (message.context?.known.length ?? 0);
  if (message.role !== "assistant") return own;
  return (message.toolCalls ?? []).reduce((sum, call) => sum + call.arguments.length, own);
};

/** Characters of the parts of a request that grow with a conversation. */
const lengthOfAll = (messages: readonly ModelMessage[]): number =>
  messages.reduce((sum, message) => sum + lengthOf(message), 0);

const withoutMiddle = (text: string): string => {
  const kept = Math.max(shortestResult, Math.floor(text.length / 2));
  const head = Math.ceil(kept * 0.75);
  return `${text.slice(0, head)}\n[… ${text.length - kept} characters were left out here …]\n${text.slice(head - kept)}`;
};

/** Puts the summary of what was before a conversation, which its first message has, before what is left of it. */
const withSummaryOf = (first: ModelMessage | undefined, kept: ModelMessage[]): ModelMessage[] => {
  const [next, ...rest] = kept;
  if (first?.role !== "user" || !first.context || next?.role !== "user") return kept;
  const { known, clock } = next.context ?? { known: "", clock: "" };
  const both = [first.context.known, known].filter((text) => text !== "").join("\n\n");
  return [{ ...next, context: { known: both, clock } }, ...rest];
};

const withoutOldTurns = (messages: readonly ModelMessage[], start: number): ModelMessage[] | undefined => {
  const first = messages.findIndex(({ role }) => role !== "system");
  const turns = messages.slice(first, start);
  if (turns.length === 0) return undefined;
  const half = turns.findIndex(({ role }, index) => role === "user" && index >= turns.length / 2);
  const kept = [...(half === -1 ? [] : turns.slice(half)), ...messages.slice(start)];
  return [...messages.slice(0, first), ...withSummaryOf(turns[0], kept)];
};

const withShorterResults = (messages: readonly ModelMessage[]): ModelMessage[] | undefined => {
  const longest = Math.max(0, ...messages.map((each) => (each.role === "tool" ? lengthOf(each) : 0)));
  if (longest <= shortestResult * 2) return undefined;
  return messages.map((message) => {
    if (message.role !== "tool" || lengthOf(message) <= longest / 2) return message;
    const { images, ...text } = message;
    // The text describes the images.
    return images ? text : { ...text, content: withoutMiddle(text.content) };
  });
};

const withoutContext = (messages: readonly ModelMessage[], start: number): ModelMessage[] | undefined => {
  const message = messages[start];
  if (message?.role !== "user" || !message.context || message.context.known === "") return undefined;
  const { clock } = message.context;
  return messages.with(start, { ...message, context: { known: "", clock } });
};

/**
 * Shortens a request: drops the older half of the conversation, then images and half of the longest tool results, then
 * what was recalled. Undefined when nothing is left to drop.
 */
export const shorter = (messages: readonly ModelMessage[]): ModelMessage[] | undefined => {
  const start = turnStart(messages);
  if (start === -1) return withShorterResults(messages);
  return withoutOldTurns(messages, start) ?? withShorterResults(messages) ?? withoutContext(messages, start);
};

/** The shortest request that each model has refused as too long, by the model's id. */
export interface WindowSizes {
  /** The request, shortened to what the model has not refused before. */
  fit(modelId: string, messages: readonly ModelMessage[]): readonly ModelMessage[];
  refused(modelId: string, messages: readonly ModelMessage[]): void;
  taken(modelId: string, messages: readonly ModelMessage[]): void;
}

export const createWindowSizes = (): WindowSizes => {
  const refusedAt = new Map<string, number>();
  return {
    fit(modelId, messages) {
      const limit = refusedAt.get(modelId);
      if (limit === undefined) return messages;
      let fitting = messages;
      while (lengthOfAll(fitting) >= limit) {
        const less = shorter(fitting);
        if (!less) break;
        fitting = less;
      }
      return fitting;
    },
    refused(modelId, messages) {
      const length = lengthOfAll(messages);
      refusedAt.set(modelId, Math.min(length, refusedAt.get(modelId) ?? length));
    },
    taken(modelId, messages) {
      const limit = refusedAt.get(modelId);
      // Characters are not tokens: a length that was refused in one language may be accepted in another.
      if (limit !== undefined && lengthOfAll(messages) >= limit) refusedAt.delete(modelId);
    },
  };
};
