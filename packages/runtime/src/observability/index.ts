/** What happened, told to whoever wants to know: log destinations, the admin's log stream, OpenTelemetry. */
export { addConfigured, streamId } from "./configured.ts";
export {
  type Envelope,
  type EventName,
  eventNames,
  type Level,
  logEntryOf,
  matcher,
  type Observe,
  type ObservedEvent,
} from "./events.ts";
export { createObservability, type Destination, type Observability } from "./observability.ts";
export { type OtlpSettings, otlpSettings } from "./otlp-settings.ts";
export { createRedactor, knownSecrets, type Redactor } from "./redaction.ts";
export { createWatch, type Watch } from "./watch.ts";
