import type { ChatWireEvent, WorkOutcome } from "@muxi/protocol";
import type { Task, TaskResult } from "../work/index.ts";
import type { Run } from "./run.ts";
import type { WorkPlan } from "./work-plan.ts";

interface WorkReportDeps {
  run: Run;
  plan: WorkPlan;
  /** Whether the caller sees progress. */
  isShown: boolean;
  now: () => number;
}

/** Tells the caller of a request how far its tasks are (docs/spec/formation-api.md "Tasks of a request"). */
export const createWorkReport = ({ run, plan, isShown, now }: WorkReportDeps) => {
  const { requestId, sessionId, userId } = run.identity;
  const startedAt = now();
  const counts = { total: plan.tasks.length, completed: 0, failed: 0, underWay: 0 };
  let id = plan.id;
  const tell = (stage: string, more: Partial<Extract<ChatWireEvent, { type: "progress" }>> = {}) => {
    if (!isShown) return;
    run.log.append({
      type: "progress",
      session_id: sessionId,
      request_id: requestId,
      user_id: userId,
      stage,
      workflow_id: id,
      ...more,
      timestamp: now() / 1000,
    });
  };
  const taskCounts = () => ({
    total_tasks: counts.total,
    completed_tasks: counts.completed,
    failed_tasks: counts.failed,
  });
  const howFar = () => ({
    workflow_id: id,
    status: "running" as const,
    ...taskCounts(),
    in_progress_tasks: counts.underWay,
    progress_percentage: Math.round(((counts.completed + counts.failed) / counts.total) * 100),
    started_at: new Date(startedAt).toISOString(),
  });
  return {
    tell,
    /** Tells that another plan takes the place of the one before, of whose results so many stay. */
    replanned(next: WorkPlan, kept: number, attempt: number) {
      if (isShown)
        run.log.append({
          type: "planning",
          content: next.tasks.map(({ title }) => title).join("\n"),
          stage: "replan_started",
          workflow_id: next.id,
          task_count: next.tasks.length,
          attempt,
          session_id: sessionId,
          request_id: requestId,
        });
      id = next.id;
      Object.assign(counts, { total: next.tasks.length, completed: kept, failed: 0 });
    },
    outcome: (status: WorkOutcome["workflow_status"]): WorkOutcome => ({
      workflow_id: id,
      workflow_status: status,
      ...taskCounts(),
      execution_time: (now() - startedAt) / 1000,
    }),
    begun({ id: taskId, title }: Task) {
      counts.underWay += 1;
      tell("workflow_execution", { task_id: taskId, content: title, progress: howFar() });
    },
    ended({ id: taskId, title }: Task, { state }: TaskResult) {
      counts.underWay = Math.max(0, counts.underWay - 1);
      if (state === "completed") counts.completed += 1;
      else counts.failed += 1;
      const stage = state === "completed" ? "task_complete" : "task_failed";
      tell(stage, { task_id: taskId, content: title, progress: howFar() });
    },
  };
};
