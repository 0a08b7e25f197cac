/** Monitors running formations: their health, memory and log sizes. */
export * from "./monitor.ts";
