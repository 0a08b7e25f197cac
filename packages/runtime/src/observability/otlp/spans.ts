import { hash, randomBytes } from "node:crypto";
import { isObject } from "@muxi/protocol";
import type { ObservedEvent } from "../events.ts";
import { conventionalModel } from "./providers.ts";
import { type Attributes, nanoseconds, wireAttributes } from "./wire.ts";

const kinds = { internal: 1, client: 3 } as const;

/**
 * Ids that follow from the request's id, so that all spans of a request share a trace, and those of a part of it a root,
 * without passing anything on, whichever process makes them.
 */
const digestOf = (requestId: string) => hash("sha256", requestId, "hex");

const text = (value: unknown) => (typeof value === "string" ? value : undefined);

const count = (value: unknown) => (typeof value === "number" ? value : undefined);

const usageOf = (usage: Readonly<Record<string, unknown>>): Attributes => ({
  "gen_ai.usage.input_tokens": count(usage.input_tokens),
  "gen_ai.usage.output_tokens": count(usage.output_tokens),
  "gen_ai.usage.cache_read.input_tokens": count(usage.cached_tokens),
  "gen_ai.usage.cache_write.input_tokens": count(usage.cache_write_tokens),
});

/** An operation of the GenAI semantic conventions. */
interface Operation {
  subject: "request" | "tool" | "model" | "workflow";
  name: string;
  kind: (typeof kinds)[keyof typeof kinds];
  /** Those that a metric may have too: their values are few. */
  common: Attributes;
  /** Those of one call. */
  own: Attributes;
}

/** An event as an operation (docs/spec/formation-files.md "OpenTelemetry"); undefined when it is none. */
export const operationOf = (
  { event, agentId, sessionId, data = {} }: ObservedEvent,
  agents: ReadonlyMap<string, string>,
): Operation | undefined => {
  const [subject, ...rest] = event.split(".");
  const outcome = rest.at(-1);
  if (outcome !== "completed" && outcome !== "failed" && outcome !== "cancelled") return undefined;
  const agentName = agentId === undefined ? undefined : (agents.get(agentId) ?? agentId);
  const error = outcome === "completed" ? undefined : (text(data.error_type) ?? text(data.code) ?? outcome);
  const shared = { "gen_ai.agent.id": agentId, "error.type": error };
  const conversation = { "gen_ai.conversation.id": sessionId };
  switch (subject) {
    case "request":
      return {
        subject,
        name: ["invoke_agent", agentName].filter(Boolean).join(" "),
        kind: kinds.internal,
        common: { ...shared, "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": agentName },
        own: { ...conversation, ...(isObject(data.usage) && usageOf(data.usage)) },
      };
    case "tool": {
      const tool = text(data.tool) ?? "";
      return {
        subject,
        name: `execute_tool ${tool}`,
        kind: kinds.internal,
        common: { ...shared, "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": tool },
        own: { ...conversation, "gen_ai.tool.type": "extension" },
      };
    }
    case "model": {
      const answered = text(data.response_model);
      // A fallback model that answered is also the one that was asked.
      const model = conventionalModel(answered ?? text(data.model) ?? "");
      const reason = text(data.finish_reason);
      const firstPart = count(data.first_part_ms);
      return {
        subject,
        name: `chat ${model.name}`,
        kind: kinds.client,
        common: {
          ...shared,
          "gen_ai.operation.name": "chat",
          "gen_ai.provider.name": model.provider,
          "gen_ai.request.model": model.name,
          "gen_ai.response.model": answered && model.name,
        },
        own: {
          ...conversation,
          ...usageOf(data),
          "gen_ai.response.finish_reasons": reason === undefined ? undefined : [reason],
          "gen_ai.response.time_to_first_chunk": firstPart === undefined ? undefined : firstPart / 1000,
        },
      };
    }
    case "workflow": {
      const isTask = text(data.task_id) !== undefined;
      const operation = isTask ? "invoke_agent" : "invoke_workflow";
      const failure = data.success === false ? text(data.status) : error;
      return {
        subject,
        name: [operation, isTask && agentName].filter(Boolean).join(" "),
        kind: kinds.internal,
        common: {
          ...shared,
          "error.type": failure,
          "gen_ai.operation.name": operation,
          "gen_ai.agent.name": agentName,
        },
        own: {
          ...conversation,
          "muxi.workflow.id": text(data.workflow_id),
          "muxi.task.id": text(data.task_id),
        },
      };
    }
    default:
      return undefined;
  }
};

/** The place of a part of a request in a trace: its own, or that of a caller who waits for it. */
const traceOf = (requestId: string, questions: number, caller: ObservedEvent["caller"]) => {
  const digest = digestOf(requestId);
  const root = (questions === 0 ? digest : digestOf(`${requestId} ${questions}`)).slice(32, 48);
  if (caller?.waits) return { traceId: caller.traceId, root, parent: caller.spanId, links: [] };
  const links = caller === undefined ? [] : [{ traceId: caller.traceId, spanId: caller.spanId }];
  return { traceId: digest.slice(0, 32), root, parent: undefined, links };
};

/**
 * The span of an event that ends something, as OTLP JSON; undefined for other events, and where the caller whose trace
 * it belongs to records none.
 */
export const spanOf = (
  event: ObservedEvent,
  at: number,
  agents: ReadonlyMap<string, string>,
): Record<string, unknown> | undefined => {
  const operation = operationOf(event, agents);
  const { requestId, questions = 0, caller } = event;
  if (!operation || requestId === undefined || (caller?.waits && !caller.isSampled)) return undefined;
  const { traceId, root, parent, links } = traceOf(requestId, questions, caller);
  const isRoot = operation.subject === "request";
  const parentSpanId = isRoot ? parent : root;
  const duration = Number(event.data?.duration_ms ?? 0);
  return {
    traceId,
    spanId: isRoot ? root : randomBytes(8).toString("hex"),
    ...(parentSpanId !== undefined && { parentSpanId }),
    ...(isRoot && links.length > 0 && { links }),
    name: operation.name,
    kind: operation.kind,
    startTimeUnixNano: nanoseconds(at - duration),
    endTimeUnixNano: nanoseconds(at),
    attributes: wireAttributes({ ...operation.common, ...operation.own }),
    status: { code: event.event.endsWith(".failed") ? 2 : 0 },
  };
};
