/** One formation, running: serves `/v1` over HTTP and SSE. */
export { type Runtime, type RuntimeOptions, startRuntime } from "./runtime.ts";
