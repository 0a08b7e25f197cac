import type { Interrupt, WorkOutcome } from "@muxi/protocol";
import type { EventName, Level, Observe } from "../observability/index.ts";
import type { StoredRequest } from "../store/index.ts";
import type { GivenAnswer } from "../tools/index.ts";
import type { Task, TaskResult } from "../work/index.ts";
import type { ActiveRequest } from "./active-request.ts";
import { asApiError } from "./failures.ts";
import type { OverlordParts } from "./parts.ts";
import { handOver, taken } from "./reasons.ts";
import type { RunIdentity } from "./run.ts";
import type { WorkPlan } from "./work-plan.ts";

/** What a request waits for, in names. */
const waitingFor = ({ id, kind, tool, plan }: Interrupt) => ({
  interrupt_id: id,
  kind,
  ...(tool && { tool: tool.name, ...(tool.server !== undefined && { server: tool.server }) }),
  ...(plan && { workflow_id: plan.workflow_id }),
});

/** Reports that a request waits for its user (docs/spec/formation-api.md "Log stream"). */
export const observeQuestion = (
  observe: Observe,
  identity: RunIdentity,
  agentId: string,
  interrupt: Interrupt,
): void =>
  observe({
    event: "clarification.request.sent",
    level: "info",
    ...identity,
    agentId,
    data: { ...waitingFor(interrupt), expires_at: interrupt.expires_at },
  });

/** Reports that it was answered. */
export const observeAnswer = (
  observe: Observe,
  { id: requestId, sessionId, userId }: StoredRequest,
  interrupt: Interrupt | undefined,
  action: GivenAnswer["action"],
): void => {
  if (!interrupt) return;
  const ids = { requestId, sessionId, userId };
  const data = { ...waitingFor(interrupt), action };
  observe({ event: "clarification.response.received", level: "info", ...ids, data });
  if (interrupt.plan) observe({ event: "workflow.approval.received", level: "info", ...ids, data });
};

/** Reports how the tasks of a request go. */
export const createWorkEvents = (
  { telemetry: { observe }, clock: { now } }: Pick<OverlordParts, "telemetry" | "clock">,
  { run, turn }: ActiveRequest,
  begun: WorkPlan,
) => {
  const { procedure } = begun;
  /** Another one takes its place when tasks have failed. */
  let plan = begun;
  const startedAt = now();
  /** When each task under way began, and the agent that does it. */
  const underWay = new Map<string, { since: number; agentId?: string }>();
  const tell = (
    event: EventName,
    data: Readonly<Record<string, unknown>>,
    { level = "info", agentId }: { level?: Level; agentId?: string | undefined } = {},
  ) =>
    observe({
      event,
      level,
      ...run.identity,
      agentId,
      caller: turn.caller,
      questions: turn.questions,
      data: { workflow_id: plan.id, ...data },
    });
  const total = () => ({ total_tasks: plan.tasks.length });
  return {
    started() {
      const { requestId: request_id, userId: user_id, sessionId: session_id } = run.identity;
      if (procedure) tell("sop.matched", { sop_id: procedure.name, sop_name: procedure.title, request_id });
      else tell("overlord.workflow.started", { user_id, session_id });
      tell("workflow.execution.started", total());
    },
    begun({ id }: Task) {
      underWay.set(id, { since: now() });
    },
    /** Called with each agent that tries a task. */
    assigned({ id: task_id, complexity: task_complexity, after }: Task, agentId: string) {
      underWay.set(task_id, { since: underWay.get(task_id)?.since ?? now(), agentId });
      const dependencies_completed = after.length;
      tell("workflow.task.assigned", { task_id, task_complexity, dependencies_completed }, { agentId });
    },
    taskEnded({ id: task_id }: Task, { state: status }: TaskResult) {
      const { since, agentId } = underWay.get(task_id) ?? { since: now() };
      underWay.delete(task_id);
      const data = { task_id, status, success: status === "completed", duration_ms: now() - since };
      tell("workflow.task.completed", data, { level: status === "failed" ? "warn" : "info", agentId });
    },
    replanned(next: WorkPlan, attempt: number) {
      const original_workflow_id = plan.id;
      plan = next;
      tell("workflow.replanning.completed", { original_workflow_id, attempt });
    },
    /** Called with the answer's account of the tasks; those that wait for the user go on later. */
    ended(outcome: WorkOutcome | undefined) {
      const status = outcome?.workflow_status;
      if (status === undefined || status === "waiting") return;
      const execution_time_ms = now() - startedAt;
      const data = { status, ...total(), execution_time_ms, duration_ms: execution_time_ms };
      tell("workflow.execution.completed", data);
      if (procedure) tell("sop.executed", { sop_id: procedure.name, status });
    },
    /** Called with what has ended the tasks; where another process goes on with them, they have not ended. */
    broken(error: unknown) {
      const { reason } = run.signal;
      if (reason === handOver || reason === taken || error === taken) return;
      const { code } = asApiError(error, run.identity.requestId);
      const cancelled_tasks = underWay.size;
      if (code === "CANCELLED") tell("overlord.workflow.cancelled", { cancelled_tasks, ...total() });
      else {
        const data = { failure_reason: code, ...total(), duration_ms: now() - startedAt };
        tell("workflow.execution.failed", data, { level: "error" });
      }
    },
  };
};

export type WorkEvents = ReturnType<typeof createWorkEvents>;
