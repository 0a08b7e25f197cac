/** Events for operators: log destinations, the log stream, OpenTelemetry. */
export { addConfigured, streamId } from "./configured.ts";
export { type EventName, eventNames, type Level, type Observe } from "./events.ts";
export { createLogFeed, type LogFeed } from "./log-feed.ts";
export { createObservability } from "./observability.ts";
export { otlpSettings } from "./otlp-settings.ts";
export { createRedactor, knownSecrets, type Redactor } from "./redaction.ts";
export { createTokenReports, type TokenReports } from "./token-reports.ts";
export { createWatch, type Watch } from "./watch.ts";
