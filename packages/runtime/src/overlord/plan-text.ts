import type { Interrupt } from "@muxi/protocol";
import type { Task } from "../work/index.ts";

/** A plan that is shown to a user before anything of it is done. */
export interface ShownPlan {
  id: string;
  introduction: string;
  question: string;
  tasks: readonly Task[];
}

/** Minutes that a task may take, by its complexity. */
const minutesOf = ({ complexity }: Task): string =>
  complexity <= 3 ? "< 2 min" : complexity <= 6 ? "2–5 min" : "5–15 min";

const whoDoes = ({ agent, capabilities = [] }: Task): string[] =>
  agent !== undefined ? [agent] : capabilities.length > 0 ? [capabilities.join(", ")] : [];

/** A plan as the user reads it: its tasks in order, each with what it needs. */
export const planText = ({ introduction, question, tasks }: ShownPlan): string => {
  const numbers = new Map(tasks.map(({ id }, index) => [id, index + 1]));
  const lines = tasks.map((task, index) => {
    const needs = task.after.flatMap((id) => numbers.get(id) ?? []);
    const notes = [...whoDoes(task), ...(needs.length > 0 ? [`← ${needs.join(", ")}`] : []), minutesOf(task)];
    return `${index + 1}. ${task.title} (${notes.join("; ")})`;
  });
  return [introduction, lines.join("\n"), question === "" ? "May I carry this plan out?" : question]
    .filter((part) => part !== "")
    .join("\n\n");
};

/** The same for programs. */
export const planOf = ({ id, tasks }: ShownPlan): NonNullable<Interrupt["plan"]> => ({
  workflow_id: id,
  tasks: tasks.map(({ id: taskId, title, text, after, capabilities = [], complexity, agent }) => ({
    id: taskId,
    title,
    description: text,
    dependencies: after,
    required_capabilities: capabilities,
    estimated_complexity: complexity,
    ...(agent !== undefined && { agent_id: agent }),
  })),
});
