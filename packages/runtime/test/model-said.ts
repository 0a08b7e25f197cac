import type { ModelDelta } from "../src/models/index.ts";
import { ask, fullRequest, openModelBench } from "./model-harness.ts";

export type Sent = object | string;

export const frame = (event: Sent) =>
  `data: ${typeof event === "string" ? event : JSON.stringify(event)}\n\n`;
export const delta = (part: object, finish_reason: string | null = null) => ({
  choices: [{ index: 0, delta: part, finish_reason }],
});
export const calls = (...tool_calls: object[]) => delta({ tool_calls });
export const done = "[DONE]";
export const called = delta({}, "tool_calls");

/** What a model says whose server sends exactly this. */
export const said = async (id: string, sent: string, type = "text/event-stream") => {
  const { server, modelOf } = await openModelBench();
  server.defaultReply = { status: 200, body: sent, headers: { "content-type": type } };
  return ask(modelOf(id), fullRequest);
};
export const openai = (...events: Sent[]) => said("openai/m", events.map(frame).join(""));
export const anthropic = (...events: Sent[]) => said("anthropic/m", events.map(frame).join(""));
export const google = (...events: Sent[]) => said("google/m", events.map(frame).join(""));

export const callsIn = (deltas: readonly ModelDelta[]) =>
  deltas.flatMap((each) => (each.type === "tool_call" ? [[each.name, each.arguments]] : []));
export const idsIn = (deltas: readonly ModelDelta[]) =>
  deltas.flatMap((each) => (each.type === "tool_call" ? [each.id] : []));
export const thoughtsIn = (deltas: readonly ModelDelta[]) =>
  deltas.map((each) => (each.type === "reasoning" ? each.text : "")).join("");
export const reasonIn = (deltas: readonly ModelDelta[]) => deltas.find(({ type }) => type === "finish");

export const weather = (fields: object = {}) => ({
  type: "function",
  function: { name: "weather", ...fields },
});
