import { hash, randomBytes } from "node:crypto";
import type { ObservedEvent } from "../events.ts";
import { type Attributes, nanoseconds, wireAttributes } from "./wire.ts";

const kinds = { internal: 1, client: 3 } as const;

/**
 * The trace id follows from the request's id, so that all spans of a request share a trace without passing anything on.
 */
const digestOf = (requestId: string) => hash("sha256", requestId, "hex");

const text = (value: unknown) => (typeof value === "string" ? value : undefined);

const count = (value: unknown) => (typeof value === "number" ? value : undefined);

/** An event as an operation of the GenAI semantic conventions; undefined when it is none. */
export const operationOf = ({ event, agentId, sessionId, data = {} }: ObservedEvent) => {
  const [subject, outcome] = event.split(".");
  if (outcome !== "completed" && outcome !== "failed" && outcome !== "cancelled") return undefined;
  const attributesOf = (own: Attributes): Attributes => ({
    "gen_ai.conversation.id": sessionId,
    "gen_ai.agent.id": agentId,
    "error.type": outcome === "completed" ? undefined : (text(data.error_type) ?? outcome),
    ...own,
  });
  if (subject === "request") {
    const attributes = attributesOf({ "gen_ai.operation.name": "invoke_agent" });
    return { name: `invoke_agent ${agentId ?? ""}`.trim(), kind: kinds.internal, isRoot: true, attributes };
  }
  if (subject === "tool") {
    const tool = text(data.tool) ?? "";
    const attributes = attributesOf({ "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": tool });
    return { name: `execute_tool ${tool}`, kind: kinds.internal, isRoot: false, attributes };
  }
  if (subject === "model") {
    const model = text(data.model) ?? "";
    const attributes = attributesOf({
      "gen_ai.operation.name": "chat",
      "gen_ai.provider.name": model.split("/")[0],
      "gen_ai.request.model": model.split("/").slice(1).join("/"),
      "gen_ai.response.model": text(data.response_model),
      "gen_ai.response.finish_reasons":
        text(data.finish_reason) === undefined ? undefined : [String(data.finish_reason)],
      "gen_ai.usage.input_tokens": count(data.input_tokens),
      "gen_ai.usage.output_tokens": count(data.output_tokens),
      "gen_ai.usage.cache_read.input_tokens": count(data.cached_tokens),
      "gen_ai.usage.cache_creation.input_tokens": count(data.cache_write_tokens),
    });
    return { name: `chat ${model}`, kind: kinds.client, isRoot: false, attributes };
  }
  return undefined;
};

/** The span of an event that ends something, as OTLP JSON; undefined for other events. */
export const spanOf = (event: ObservedEvent, at: number): Record<string, unknown> | undefined => {
  const operation = operationOf(event);
  if (!operation || event.requestId === undefined) return undefined;
  const digest = digestOf(event.requestId);
  const root = digest.slice(32, 48);
  const duration = Number(event.data?.duration_ms ?? 0);
  const isFailure = event.event.endsWith(".failed");
  return {
    traceId: digest.slice(0, 32),
    spanId: operation.isRoot ? root : randomBytes(8).toString("hex"),
    ...(!operation.isRoot && { parentSpanId: root }),
    name: operation.name,
    kind: operation.kind,
    startTimeUnixNano: nanoseconds(at - duration),
    endTimeUnixNano: nanoseconds(at),
    attributes: wireAttributes(operation.attributes),
    status: { code: isFailure ? 2 : 0 },
  };
};
