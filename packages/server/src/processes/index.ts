/** Formations as child processes: ports, start, health, restarts, stop. */
export { createFormationCommand, type FormationResources } from "./formation-command.ts";
export * from "./identity.ts";
export * from "./leftovers.ts";
export * from "./ports.ts";
export * from "./process.ts";
export * from "./replica.ts";
export type { FormationSpec, FormationState } from "./replica-group.ts";
export { type RuntimeCommand, runtimeCommand } from "./runtime-command.ts";
export * from "./supervisor.ts";
