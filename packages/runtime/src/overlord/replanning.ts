import { newId, type Usage } from "@muxi/protocol";
import { ModelError, noUsage, sumOfUsage } from "../models/index.ts";
import { similarityOf, type Task, type TaskResult } from "../work/index.ts";
import type { ActiveRequest } from "./active-request.ts";
import type { OverlordParts } from "./parts.ts";
import type { Planner } from "./planner.ts";
import type { Prepared } from "./prepare.ts";
import type { WorkPlan } from "./work-plan.ts";

/** A plan of which tasks have failed for good. */
interface FailedPlan {
  active: ActiveRequest;
  prepared: Prepared;
  plan: WorkPlan;
  results: ReadonlyMap<string, TaskResult>;
  /** Number of the new plan, from 1. */
  attempt: number;
  /** What the user wrote, with its documents. */
  message: string;
}

/** What takes its place. */
export interface NewPlan {
  /** Its tasks, behind those of the failed plan whose results stay. */
  plan: WorkPlan;
  kept: ReadonlyMap<string, TaskResult>;
  usage: Usage;
}

/** Whether a text has a word, or words, that begin like this. */
const isSaid = (text: string, beginning: string): boolean => {
  for (let at = text.indexOf(beginning); at !== -1; at = text.indexOf(beginning, at + 1))
    if (at === 0 || !/[\p{L}\p{N}]/u.test(text.charAt(at - 1))) return true;
  return false;
};

/** Makes new plans for tasks that failed for good (docs/spec/formation-files.md "New plans"). */
export const createReplanning = ({
  settings,
  planner,
  telemetry: { log, observe },
}: Pick<OverlordParts, "settings" | "telemetry"> & { planner: Planner | undefined }) => {
  const rules = settings.workflows?.replanning;

  /** Whether another way might lead where this one has failed. */
  const isHopeful = (result: TaskResult | undefined): boolean => {
    if (result?.state !== "failed" || result.kind === "permission_error") return false;
    const reason = result.reason.toLowerCase();
    return !rules?.hopeless.some((beginning) => isSaid(reason, beginning));
  };

  const ask = async (
    by: Planner,
    { active, prepared, plan, results, message }: FailedPlan,
    kept: ReadonlyMap<string, TaskResult>,
  ): Promise<{ tasks: Task[] | null; usage: Usage }> => {
    const { run } = active;
    let usage = noUsage;
    const asking = {
      signal: run.signal,
      time: rules?.time ?? 0,
      onUsage: (more: Usage) => {
        usage = sumOfUsage(usage, more);
      },
    };
    const none = (why: string) => {
      log.warn({ ...run.identity, problem: why }, "no new plan takes the place of the one that failed");
      return { tasks: null, usage };
    };
    try {
      const failed = { tasks: plan.tasks, results, kept: new Set(kept.keys()) };
      const made = await by.decompose({ message, history: prepared.work?.history ?? [], failed }, asking);
      if (typeof made === "string") return none(made);
      if (made.tasks.length === 0) return none("the model found none");
      const before = plan.tasks.filter(({ id }) => !kept.has(id));
      if (similarityOf(before, made.tasks) >= (rules?.similarity ?? 0)) return none("it is the same plan");
      return { tasks: made.tasks, usage };
    } catch (error) {
      run.signal.throwIfAborted();
      if (!(error instanceof ModelError)) throw error;
      log.warn({ err: error, ...run.identity }, "a new plan could not be asked for");
      return { tasks: null, usage };
    }
  };

  return async (failed: FailedPlan): Promise<NewPlan | undefined> => {
    const { active, plan, results, attempt } = failed;
    if (!rules || !planner || plan.procedure || attempt > rules.most) return undefined;
    if (!plan.tasks.some(({ id }) => isHopeful(results.get(id)))) return undefined;
    const kept = new Map([...results].filter(([, { state }]) => rules.keepsResults && state === "completed"));
    const stays = plan.tasks.filter(({ id }) => kept.has(id));
    const { run, turn } = active;
    const made = await active.journal.step(`replanned:${attempt}`, async () => {
      const { tasks, usage } = await ask(planner, failed, kept);
      if (!tasks)
        observe({
          event: "workflow.replanning.failed",
          level: "warn",
          ...run.identity,
          caller: turn.caller,
          questions: turn.questions,
          data: { workflow_id: plan.id, attempt, max_attempts: rules.most },
        });
      return { id: newId("workflow"), tasks, usage };
    });
    if (!made.tasks) {
      active.usage = sumOfUsage(active.usage, made.usage);
      return undefined;
    }
    return { plan: { ...plan, id: made.id, tasks: [...stays, ...made.tasks] }, kept, usage: made.usage };
  };
};
