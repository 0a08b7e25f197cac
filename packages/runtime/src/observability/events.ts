import type { LogEntry } from "@muxi/protocol";
import type { CallerSpan } from "../base/index.ts";

export type Level = "debug" | "info" | "warn" | "error";

/** The names of all events of a formation (docs/spec/formation-api.md "Log stream"). */
export const eventNames = [
  "clarification.request.sent",
  "clarification.response.received",
  "model.completed",
  "model.failed",
  "overlord.workflow.cancelled",
  "overlord.workflow.started",
  "request.cancelled",
  "request.completed",
  "request.denied.auth",
  "request.failed",
  "request.processing",
  "request.queued.async",
  "request.steered",
  "sop.executed",
  "sop.matched",
  "tool.completed",
  "tool.failed",
  "user.deleted",
  "workflow.analysis.failed",
  "workflow.approval.received",
  "workflow.compensation.needed",
  "workflow.decomposition.completed",
  "workflow.decomposition.failed",
  "workflow.execution.completed",
  "workflow.execution.failed",
  "workflow.execution.started",
  "workflow.replanning.completed",
  "workflow.replanning.failed",
  "workflow.task.assigned",
  "workflow.task.completed",
] as const;

export type EventName = (typeof eventNames)[number];

/** Something that has happened in the formation. */
export interface ObservedEvent {
  event: EventName;
  level: Level;
  userId?: string | undefined;
  sessionId?: string | undefined;
  requestId?: string | undefined;
  agentId?: string | undefined;
  /** Of the call that made the request. */
  caller?: CallerSpan | undefined;
  /** How many questions the request had asked its user before: what follows one is a part of its own in a trace. */
  questions?: number | undefined;
  /** Details, as numbers and names: never what a user or a model has said. */
  data?: Readonly<Record<string, unknown>> | undefined;
}

/** Reports an event. Never throws and never waits. */
export type Observe = (event: ObservedEvent) => void;

/** An event as destinations get it, with secrets masked (docs/spec/formation-api.md "Log stream"). */
export interface EventRecord {
  id: string;
  /** Unix milliseconds. */
  timestamp: number;
  level: Level;
  muxi_version: string;
  server: string;
  event: string;
  session_id: string | null;
  request: {
    id: string | null;
    status: string | null;
    duration_ms: number | null;
    formation_id: string;
    user_id: string | null;
    session_id: string | null;
  };
  data: Record<string, unknown>;
}

export const levelOrder: Readonly<Record<Level, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

/** A test for names that match any of some patterns, such as `tool.*`. */
export const matcher = (patterns: readonly string[]): ((name: string) => boolean) => {
  const expressions = patterns.map(
    (pattern) =>
      new RegExp(
        `^${pattern
          .split("*")
          .map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`))
          .join(".*")}$`,
      ),
  );
  return (name) => expressions.some((expression) => expression.test(name));
};

const logLevels = { debug: "DEBUG", info: "INFO", warn: "WARNING", error: "ERROR" } as const;

/** An event as the log stream sends it (docs/spec/formation-api.md "Log stream"). */
export const logEntryOf = ({ timestamp, level, event, session_id, request, data }: EventRecord): LogEntry => {
  const { agent_id, message, ...rest } = data;
  return {
    timestamp,
    level: logLevels[level],
    event_type: event,
    user_id: request.user_id,
    session_id,
    request_id: request.id,
    agent_id: typeof agent_id === "string" ? agent_id : null,
    message: typeof message === "string" ? message : null,
    data: rest,
  };
};
