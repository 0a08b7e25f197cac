/** Formations as child processes: ports, spawn, health, restart, stop. */
export { createFormationCommand, type FormationResources } from "./formation-command.ts";
export type { Formation, FormationSpec } from "./group.ts";
export * from "./identity.ts";
export * from "./instance.ts";
export * from "./leftovers.ts";
export * from "./ports.ts";
export * from "./process.ts";
export * from "./supervisor.ts";
