import type { FinishReason } from "@muxi/protocol";
import { textOf } from "../../base/index.ts";

/** OpenAI's reasons, and those of servers that pass on the words of the engine or provider behind them. */
const compatibleReasons = new Map<string, FinishReason>([
  ["stop", "stop"],
  ["stop_sequence", "stop"],
  ["end_turn", "stop"],
  ["eos", "stop"],
  ["eos_token", "stop"],
  ["length", "length"],
  ["max_tokens", "length"],
  ["tool_calls", "tool_calls"],
  ["tool_use", "tool_calls"],
  ["function_call", "tool_calls"],
  ["content_filter", "content_filter"],
]);

/** The reason that a server with OpenAI's API gives; undefined when it gives none. */
export const compatibleReason = (given: unknown): FinishReason | undefined => {
  const reason = textOf(given).toLowerCase();
  return reason === "" ? undefined : (compatibleReasons.get(reason) ?? "other");
};

/** Why an answer ended: several servers say `stop` after calls, or speak of calls where none are. */
export const finishReasonOf = (given: FinishReason, called: boolean): FinishReason => {
  if (given === "stop" || given === "tool_calls") return called ? "tool_calls" : "stop";
  return given;
};
