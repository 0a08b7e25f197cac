/** Metrics for Prometheus: how formations are used, and their state. */
export * from "./listener.ts";
export * from "./metrics.ts";
