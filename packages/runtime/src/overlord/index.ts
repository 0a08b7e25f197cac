/** The life of a request: context, routing, the model's answer, and what is stored of it. */
export { createAgentTools } from "./agent-tools.ts";
export { RequestBudget } from "./budget.ts";
export { isApproval, questionOf } from "./clarification.ts";
export { createCredentialDialogue } from "./credential-dialogue.ts";
export { asApiError } from "./failures.ts";
export { createWindowSizes } from "./fit-window.ts";
export { createOverlord, type Overlord } from "./overlord.ts";
export type { OverlordParts } from "./parts.ts";
export { openProcedures } from "./procedures.ts";
export { startPublication } from "./publication.ts";
export { handOver, taken } from "./reasons.ts";
export { createRegister, type Register } from "./register.ts";
export { createAgentRouter, createModelChoice } from "./routing.ts";
export type { Run } from "./run.ts";
export { createRuns, type Runs } from "./runs.ts";
export { createSessionQueue, type SessionQueue } from "./session-queue.ts";
export { readSettings, toolLimitsOf } from "./settings.ts";
export type { Turn } from "./turn.ts";
