import type { Sop } from "@muxi/formation";
import type { Task } from "./task.ts";

/** Complexity of a step. */
const complexityOfStep = 3;

/**
 * The tasks of a procedure, one for each step. A step waits for the one before it. Neighbours that are marked parallel
 * wait together for the step before all of them, and the next step waits for all of them.
 */
export const tasksOf = ({ steps, model }: Pick<Sop, "steps" | "model">): Task[] => {
  let before: string[] = [];
  let group: string[] = [];
  return steps.map((step, index) => {
    const id = String(index + 1);
    if (!step.isParallel || group.length === 0) {
      before = group.length > 0 ? group : before;
      group = [];
    }
    const after = before;
    if (step.isParallel) group.push(id);
    else before = [id];
    return {
      id,
      title: step.title,
      text: step.text,
      after,
      ...(step.agent !== undefined && { agent: step.agent }),
      ...((step.model ?? model) !== undefined && { model: step.model ?? model }),
      tools: step.tools,
      files: step.files,
      complexity: complexityOfStep,
      isCritical: step.isCritical,
    };
  });
};
