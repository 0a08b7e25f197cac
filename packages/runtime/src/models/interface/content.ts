import type { ContentPart, MessageContext, ModelMessage } from "./model.ts";

/** The text of a message, without images. */
export const plainText = (content: string | readonly ContentPart[]): string =>
  typeof content === "string"
    ? content
    : content.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("\n");

/** The parts of a user's message as they are sent to a provider: first the context that was gathered for it. */
export const partsOfMessage = ({
  content,
  context,
}: {
  content: string | readonly ContentPart[];
  context?: MessageContext;
}): ContentPart[] => [
  ...(context
    ? [{ type: "text" as const, text: [context.known, context.clock].filter(Boolean).join("\n\n") }]
    : []),
  ...(typeof content === "string" ? [{ type: "text" as const, text: content }] : content),
];

/** Index of the message that starts this turn; those before it are the conversation so far. -1 when none starts one. */
export const turnStart = (messages: readonly ModelMessage[]): number =>
  messages.findLastIndex((message) => message.role === "user" && message.startsTurn === true);

/**
 * The messages up to which later requests are the same: the system message, the last one before this turn, and the last
 * result of a tool in it. Providers that cache up to a mark get their marks there.
 */
export const sharedEnds = (messages: readonly ModelMessage[]): ReadonlySet<ModelMessage> => {
  const ends = [
    messages.findLast(({ role }) => role === "system"),
    messages[turnStart(messages) - 1],
    // Providers refuse marks on what is empty.
    messages.findLast(({ role, content }) => role === "tool" && content !== ""),
  ];
  return new Set(ends.filter((message) => message !== undefined));
};
