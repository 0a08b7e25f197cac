import type { Tool } from "./tool.ts";

/**
 * The tool by which the model asks the user a question (docs/spec/formation-files.md "Questions to the user"). The tool
 * loop ends the turn instead of calling it; only a call without a question gets this result.
 */
export const askUser: Tool = {
  definition: {
    name: "ask_user",
    description:
      "Asks the user one short question and waits for the answer. Use it only when the request cannot be carried " +
      "out without what is missing, never for small talk or confirmation.",
    parameters: {
      type: "object",
      properties: {
        question: { type: "string", description: "The question, in the user's language" },
        options: { type: "array", items: { type: "string" }, description: "Short answers to choose from" },
        multiple: { type: "boolean", description: "Whether several may be chosen" },
        free_text: { type: "boolean", description: "Whether other answers are possible. Default: true" },
      },
      required: ["question"],
      additionalProperties: false,
    },
  },
  call: async () => ({ text: "Nothing was asked: the question is missing", failed: true }),
};
