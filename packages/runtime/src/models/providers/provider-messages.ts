import type { JsonObject } from "@muxi/protocol";
import { type ContentPart, type ModelMessage, partsOfMessage } from "../interface/index.ts";

/** A message in the form of Anthropic and Google, whose roles alternate. */
export interface ProviderMessage {
  role: "user" | "assistant";
  parts: JsonObject[];
}

/**
 * The conversation as messages of alternating roles, without the system texts. Tool results have the user's role, and
 * all results of one round are one message.
 */
export const joinMessages = (
  conversation: ModelMessage[],
  partsOf: (message: ModelMessage) => JsonObject[],
): { system: string; messages: ProviderMessage[] } => {
  const system: string[] = [];
  const messages: ProviderMessage[] = [];
  for (const message of conversation) {
    if (message.role === "system") {
      system.push(message.content);
      continue;
    }
    const parts = partsOf(message);
    if (parts.length === 0) continue;
    const role = message.role === "assistant" ? "assistant" : "user";
    const last = messages.at(-1);
    if (last?.role === role) last.parts.push(...parts);
    else messages.push({ role, parts });
  }
  return { system: system.join("\n\n"), messages };
};

/** Tells the images of a tool from those that a user has sent. */
const imagesOfResult = (name: string): ContentPart => ({
  type: "text",
  text: `[Images of the result of ${name}]`,
});

/**
 * The conversation for APIs whose tool results have no place for images: they stand in a message of the user behind all
 * results of their round, before what the user's own message after them says.
 */
export const imagesAfterResults = (conversation: readonly ModelMessage[]): ModelMessage[] => {
  const messages: ModelMessage[] = [];
  let waiting: ContentPart[] = [];
  const place = () => {
    if (waiting.length > 0) messages.push({ role: "user", content: waiting });
    waiting = [];
  };
  for (const message of conversation) {
    if (message.role === "tool") {
      const { images, ...text } = message;
      messages.push(images ? text : message);
      if (images) waiting.push(imagesOfResult(message.name), ...images);
    } else if (message.role === "user" && waiting.length > 0) {
      messages.push({ role: "user", content: [...waiting, ...partsOfMessage(message)] });
      waiting = [];
    } else {
      place();
      messages.push(message);
    }
  }
  place();
  return messages;
};
