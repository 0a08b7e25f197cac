import type { ModelConfig } from "@muxi/formation";
import type { Model, ModelRequest } from "../interface/index.ts";
import { AnswerBounds } from "./answer-bounds.ts";
import { ModelStream, type ModelStreamOptions, type WireDecoder } from "./model-stream.ts";

/** The parts of one provider's API. */
export interface Wire extends Pick<ModelStreamOptions, "config" | "http" | "url" | "headers"> {
  requestBody(config: ModelConfig, request: ModelRequest): string;
  createDecoder(config: ModelConfig, bounds: AnswerBounds): WireDecoder;
}

/** A model behind an API that takes one POST and answers with an event stream. */
export const wireModel = ({ requestBody, createDecoder, headers, ...rest }: Wire): Model => {
  const { config } = rest;
  const allHeaders = { "content-type": "application/json", accept: "text/event-stream", ...headers };
  return {
    id: config.id,
    stream(request, signal) {
      const bounds = new AnswerBounds(config);
      const body = requestBody(config, request);
      const decoder = createDecoder(config, bounds);
      return new ModelStream({ ...rest, headers: allHeaders, body, decoder, bounds }, signal);
    },
  };
};
