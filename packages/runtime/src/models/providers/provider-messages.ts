import type { JsonObject } from "@muxi/protocol";
import type { ModelMessage } from "../interface/index.ts";

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
