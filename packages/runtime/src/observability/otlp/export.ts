import { asError } from "@muxi/http";
import { createBatchSender } from "../batch-sender.ts";
import type { Observability } from "../observability.ts";
import type { OtlpSettings } from "../otlp-settings.ts";
import { createMetrics } from "./metrics.ts";
import { spanOf } from "./spans.ts";
import { wireAttributes } from "./wire.ts";

export interface OtlpDeps {
  settings: OtlpSettings;
  version: string;
  /** The names of the formation's agents, by id. */
  agents: ReadonlyMap<string, string>;
  now: () => number;
  log: { warn(details: object, message: string): void };
}

/** Before spans are sent again, in milliseconds (docs/spec/formation-files.md "OpenTelemetry"). */
const exportWaits = { first: 1_000, longest: 30_000 };

/** Exports traces and metrics until the observability is closed (docs/spec/formation-files.md "OpenTelemetry"). */
export const exportOtlp = (
  observability: Observability,
  { settings, version, agents, now, log }: OtlpDeps,
): void => {
  const { tracesUrl, metricsUrl, headers } = settings;
  const resource = { attributes: wireAttributes(settings.resource) };
  const scope = { name: "muxi", version };

  const post = async (url: string, body: object, signal: AbortSignal) => {
    const response = await fetch(url, {
      method: "POST",
      headers: { ...headers, "content-type": "application/json" },
      body: JSON.stringify(body),
      redirect: "error",
      signal,
    });
    await response.body?.cancel();
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
  };

  if (tracesUrl !== undefined) {
    const spans = createBatchSender<Record<string, unknown>>({
      id: "otlp-traces",
      log,
      waits: exportWaits,
      send: (batch, signal) =>
        post(tracesUrl, { resourceSpans: [{ resource, scopeSpans: [{ scope, spans: batch }] }] }, signal),
    });
    observability.measure(
      (event, at) => {
        const span = spanOf(event, at, agents);
        if (span) spans.write(span);
      },
      () => spans.close(),
    );
  }

  if (metricsUrl !== undefined) {
    const metrics = createMetrics(now(), agents);
    const send = (signal: AbortSignal) =>
      post(
        metricsUrl,
        { resourceMetrics: [{ resource, scopeMetrics: [{ scope, metrics: metrics.wire(now()) }] }] },
        signal,
      ).catch((error: unknown) => {
        const reason = asError(error).message;
        log.warn({ destination: "otlp-metrics", reason }, "metrics could not be exported");
      });
    const timer = setInterval(() => void send(AbortSignal.timeout(10_000)), settings.metricInterval).unref();
    observability.measure(
      (event) => metrics.record(event),
      () => {
        clearInterval(timer);
        return send(AbortSignal.timeout(2_000));
      },
    );
  }
};
