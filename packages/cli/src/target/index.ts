/** The formation that a command acts on: its folder, its id, and how to call it when it is running. */
export { callFormation } from "./call.ts";
export { explainAnswer } from "./cause.ts";
export { explainFailure } from "./explain.ts";
export { formationFolder, readFormation } from "./formation-folder.ts";
export { formationId } from "./formation-id.ts";
export { findRunning, runningFormation } from "./running-formation.ts";
export { formationTarget, type TargetOptions } from "./target.ts";
