/** One formation, running: serves `/v1` over HTTP and SSE. */
export { type Runtime, startRuntime } from "./runtime.ts";
