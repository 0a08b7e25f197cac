import type { ContentPart, ModelMessage, Passage } from "../models/index.ts";

export interface PromptParts {
  /** Voice of the formation, then the agent's own instructions. */
  instructions: readonly string[];
  now: Date;
  /** Who the user is, in short; may be empty. */
  synopsis: string;
  /** What was recalled for this message, best first. */
  passages: readonly Passage[];
  /** The conversation so far, oldest first. */
  history: readonly { role: "user" | "assistant" | "system"; content: string }[];
  message: string | ContentPart[];
}

const list = (title: string, passages: readonly Passage[], line: (passage: Passage) => string): string[] =>
  passages.length === 0 ? [] : [`${title}\n${passages.map(line).join("\n")}`];

/** The messages of a chat in the order of docs/spec/formation-files.md "Prompt". */
export const buildPrompt = ({
  instructions,
  now,
  synopsis,
  passages,
  history,
  message,
}: PromptParts): ModelMessage[] => {
  const system = [
    ...instructions,
    `Today's date is ${now.toISOString().slice(0, 10)}.`,
    ...(synopsis === "" ? [] : [`Who the user is:\n${synopsis}`]),
    ...list(
      "What you remember of the user:",
      passages.filter(({ kind }) => kind !== "knowledge"),
      ({ text }) => `- ${text}`,
    ),
    ...list(
      "From your documents (name the source when you use one):",
      passages.filter(({ kind }) => kind === "knowledge"),
      ({ text, source }) => `[${source}]\n${text}`,
    ),
  ];
  return [
    { role: "system", content: system.join("\n\n") },
    ...history.map(({ role, content }) => ({ role, content })),
    { role: "user", content: message },
  ];
};
