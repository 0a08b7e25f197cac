/** Requests that are carried out as several tasks: what needs what, what follows a failure. */
export { complexityOf } from "./complexity.ts";
export {
  type Decomposition,
  mostTasks,
  readDecomposition,
  similarityOf,
} from "./decomposition.ts";
export { performGraph, type TaskQuestion } from "./graph.ts";
export { type RetryRules, retryDelay } from "./recovery.ts";
export { tasksOf } from "./sop-tasks.ts";
export { type FailureKind, failureKinds, type Task, type TaskResult, taskSchema } from "./task.ts";
