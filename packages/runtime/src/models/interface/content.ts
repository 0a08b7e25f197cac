import type { ContentPart, MessageContext } from "./model.ts";

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
