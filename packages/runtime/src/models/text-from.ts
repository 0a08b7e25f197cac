import { startTimeLimit } from "../base/index.ts";
import type { Model, ModelRequest } from "./interface/index.ts";

/**
 * The whole text of a model's answer.
 *
 * @param limits.time Time limit in milliseconds. Default: none.
 * @throws Whatever the model's stream throws.
 */
export const textFrom = async (
  model: Model,
  request: ModelRequest,
  limits: { time?: number; signal?: AbortSignal },
): Promise<string> => {
  const limit = startTimeLimit(limits.time, limits.signal);
  let text = "";
  try {
    for await (const deltas of model.stream(request, limit.signal)) {
      for (const delta of deltas) if (delta.type === "text") text += delta.text;
    }
  } finally {
    limit.end();
  }
  return text;
};
