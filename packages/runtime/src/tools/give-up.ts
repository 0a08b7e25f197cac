import type { Tool } from "./tool.ts";

/**
 * The tool by which an agent says that it cannot do its task (docs/spec/formation-files.md "Failed tasks"). The tool loop
 * ends the task instead of calling it; only a call without a reason gets this result.
 */
export const giveUp: Tool = {
  definition: {
    name: "give_up",
    description:
      "Says that the task cannot be done, for example because a tool keeps failing or what it needs does not exist. " +
      "Use it instead of an answer, never for a part of the task.",
    parameters: {
      type: "object",
      properties: { reason: { type: "string", description: "What is missing or failed, in one sentence" } },
      required: ["reason"],
      additionalProperties: false,
    },
  },
  call: async () => ({ text: "The task was not given up: the reason is missing", failed: true }),
};
