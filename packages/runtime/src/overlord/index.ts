/** The life of a request: context, routing, the model's answer, and what stays of it. */
export { type ChatTurn, createOverlord, type Overlord } from "./overlord.ts";
export type { Run } from "./run.ts";
export { createRuns, type Runs } from "./runs.ts";
