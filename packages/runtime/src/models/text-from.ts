import type { Model, ModelRequest } from "./model.ts";

/**
 * The whole text of a model's answer.
 *
 * @throws what the model's stream throws
 */
export const textFrom = async (model: Model, request: ModelRequest, signal: AbortSignal): Promise<string> => {
  let text = "";
  for await (const deltas of model.stream(request, signal)) {
    for (const delta of deltas) if (delta.type === "text") text += delta.text;
  }
  return text;
};
