/** OpenTelemetry: traces and metrics as OTLP/HTTP JSON, made from the events. Loaded only when it is configured. */
export { exportOtlp } from "./export.ts";
