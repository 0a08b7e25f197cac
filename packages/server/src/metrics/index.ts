/** What Prometheus reads: how the formations are used, and how they are. */
export * from "./listener.ts";
export * from "./memory.ts";
export * from "./metrics.ts";
