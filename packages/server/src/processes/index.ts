/** Formations as child processes: ports, spawn, health, restart, stop. */
export * from "./ports.ts";
export * from "./process.ts";
export * from "./supervisor.ts";
