import { ApiError, type FinishReason, type Usage } from "@muxi/protocol";
import type { ModelDelta } from "../models/index.ts";
import type { Run } from "./run.ts";

/** How an answer ended. Its text is in the run's log. */
export interface Answer {
  model: string;
  finishReason: FinishReason;
  usage: Usage;
}

export interface AgentTurn {
  run: Run;
  /** The model's first batch of deltas, which was asked for before the message went to disk. */
  first: Promise<IteratorResult<ModelDelta[]>>;
  rest: AsyncIterator<ModelDelta[]>;
}

/**
 * Passes the model's deltas on as events.
 *
 * @throws ApiError `LLM_ERROR` when the model breaks off, and what the model's stream throws
 */
export const answerWith = async ({ run, first, rest }: AgentTurn): Promise<Answer> => {
  let answer: Answer | undefined;
  for (let step = await first; !step.done; step = await rest.next()) {
    const pieces: string[] = [];
    for (const delta of step.value) {
      if (delta.type === "text") pieces.push(delta.text);
      else if (delta.type === "finish") {
        answer = { model: delta.model, finishReason: delta.reason, usage: delta.usage };
      }
    }
    if (pieces.length > 0) run.log.appendText(pieces);
  }
  if (!answer) throw new ApiError("LLM_ERROR", "The model's answer ended before it was complete: try again");
  return answer;
};
