import type { JsonObject } from "@muxi/protocol";
import type { ModelMessage } from "../interface/index.ts";

/** All that one side says before the other one speaks. */
export interface Turn {
  role: "user" | "assistant";
  parts: JsonObject[];
}

/**
 * The conversation as alternating turns with the system texts apart, as Anthropic and Google take it: results of
 * tools are the user's, and all results of one round belong into one turn.
 */
export const joinTurns = (
  messages: ModelMessage[],
  partsOf: (message: ModelMessage) => JsonObject[],
): { system: string; turns: Turn[] } => {
  const system: string[] = [];
  const turns: Turn[] = [];
  for (const message of messages) {
    if (message.role === "system") {
      system.push(message.content);
      continue;
    }
    const parts = partsOf(message);
    if (parts.length === 0) continue;
    const role = message.role === "assistant" ? "assistant" : "user";
    const last = turns.at(-1);
    if (last?.role === role) last.parts.push(...parts);
    else turns.push({ role, parts });
  }
  return { system: system.join("\n\n"), turns };
};
