import type { Usage } from "@muxi/protocol";
import { startTimeLimit } from "../base/index.ts";
import type { Model, ModelRequest } from "./interface/index.ts";

/**
 * The whole text of a model's answer.
 *
 * @param options.time Time limit in milliseconds. Default: none.
 * @param options.onUsage Told of the tokens once the answer is complete.
 * @throws Whatever the model's stream throws.
 */
export const textFrom = async (
  model: Model,
  request: ModelRequest,
  options: { time?: number; signal?: AbortSignal; onUsage?: (usage: Usage) => void },
): Promise<string> => {
  const limit = startTimeLimit(options.time, options.signal);
  let text = "";
  try {
    for await (const deltas of model.stream(request, limit.signal)) {
      for (const delta of deltas) {
        if (delta.type === "text") text += delta.text;
        else if (delta.type === "finish") options.onUsage?.(delta.usage);
      }
    }
  } finally {
    limit.end();
  }
  return text;
};
