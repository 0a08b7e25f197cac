/** The life of a request: context, routing, the model's answer, and what stays of it. */
export type { ToolLimits } from "./agent-loop.ts";
export { createAgentTools } from "./agent-tools.ts";
export { createCredentialDialogue } from "./credential-dialogue.ts";
export { createOverlord, type Overlord } from "./overlord.ts";
export { createProcedures } from "./procedures.ts";
export { startPublication } from "./publication.ts";
export { cancelled, handOver, taken } from "./reasons.ts";
export { createRegister, type Register } from "./register.ts";
export { createRouter } from "./routing.ts";
export type { Run } from "./run.ts";
export { createRuns, type Runs } from "./runs.ts";
export type { Turn } from "./turn.ts";
