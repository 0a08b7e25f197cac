import { noUsage } from "../models/index.ts";
import type { Asked } from "../tools/index.ts";
import type { Task, TaskResult } from "./task.ts";

/** What a task asks its user, without whose answer a task cannot go on. */
export interface TaskQuestion {
  state: "asking";
  asked: Asked;
}

export interface GraphResult {
  /** By the id of the task. Those that wait for an answer have none. */
  results: ReadonlyMap<string, TaskResult>;
  questions: readonly TaskQuestion[];
}

/** How tasks of one plan are carried out together. */
export interface GraphRules {
  /** Tasks at the same time. */
  atOnce: number;
  /** Whether tasks go on after one that failed, without those that need it. */
  goesOn: boolean;
}

export interface GraphDeps extends GraphRules {
  /** Results of tasks of an earlier plan, which others may need. */
  known?: ReadonlyMap<string, TaskResult>;
  /** @param results Of all tasks that have ended. Rejects for what ends the whole, such as a cancel. */
  perform: (
    task: Task,
    results: ReadonlyMap<string, TaskResult>,
    signal: AbortSignal,
  ) => Promise<TaskResult | TaskQuestion>;
  onBegin?: (task: Task) => void;
  onEnd?: (task: Task, result: TaskResult) => void;
}

const stoppedBy = ({ title }: Task): TaskResult => ({
  state: "skipped",
  reason: `Not done, since this failed: ${title}`,
  blocks: true,
  usage: noUsage,
});

/** Whether tasks that need one with this result are not done. */
const isBlocking = (result: TaskResult | undefined): boolean =>
  result?.state === "failed" || (result?.state === "skipped" && result.blocks);

/**
 * Carries out tasks, each as soon as those that it needs are done. Tasks that need a failed one are skipped; after a
 * critical one nothing else begins, and what is under way is stopped. A task that asks the user holds up only those that
 * need it.
 *
 * @throws What `perform` throws, once no task is under way any more; the reason of the signal
 */
export const performGraph = async (
  tasks: readonly Task[],
  { atOnce, goesOn, known, perform, onBegin, onEnd }: GraphDeps,
  signal: AbortSignal,
): Promise<GraphResult> => {
  const results = new Map<string, TaskResult>(known);
  const questions: TaskQuestion[] = [];
  const waiting = new Set(tasks);
  const underWay = new Set<Promise<void>>();
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  let stopper: Task | undefined;
  const broken: unknown[] = [];

  const end = (task: Task, result: TaskResult) => {
    results.set(task.id, result);
    onEnd?.(task, result);
    if (result.state !== "failed" || (goesOn && !task.isCritical)) return;
    stopper ??= task;
    stop.abort();
  };

  const begin = async (task: Task) => {
    onBegin?.(task);
    try {
      const result = await perform(task, results, either);
      if (result.state === "asking") questions.push(result);
      else end(task, result);
    } catch (error) {
      if (stopper && !signal.aborted) end(task, stoppedBy(stopper));
      else {
        broken.push(error);
        stop.abort();
      }
    }
  };

  /** What can be said of a task before it begins: that it is skipped, or that it may begin. */
  const look = (task: Task): "wait" | "begin" | "skip" => {
    if (stopper) return "skip";
    const needed = task.after.map((id) => results.get(id));
    if (needed.some(isBlocking)) return "skip";
    return needed.includes(undefined) ? "wait" : "begin";
  };

  while (waiting.size > 0 && broken.length === 0 && !signal.aborted) {
    let hasMoved = false;
    for (const task of waiting) {
      const next = look(task);
      if (next === "wait" || (next === "begin" && underWay.size >= atOnce)) continue;
      waiting.delete(task);
      hasMoved = true;
      if (next === "skip") {
        const blocking = task.after.find((id) => isBlocking(results.get(id)));
        end(task, stoppedBy(stopper ?? tasks.find(({ id }) => id === blocking) ?? task));
        continue;
      }
      const work: Promise<void> = begin(task).finally(() => underWay.delete(work));
      underWay.add(work);
    }
    if (underWay.size > 0) await Promise.race(underWay);
    else if (questions.length > 0 && !hasMoved) break;
    else if (!hasMoved) throw new Error("the tasks that are left wait for one another");
  }
  await Promise.all(underWay);
  signal.throwIfAborted();
  if (broken.length > 0) throw broken[0];
  // A yes would be given to nothing.
  return { results, questions: stopper ? [] : questions };
};
