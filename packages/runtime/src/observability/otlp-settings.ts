import type { Environment } from "@muxi/formation";
import * as z from "zod";

/** Where traces and metrics are sent, and the resource that they describe. */
export interface OtlpSettings {
  tracesUrl: string | undefined;
  metricsUrl: string | undefined;
  headers: Record<string, string>;
  resource: Record<string, string>;
  /** Milliseconds between two exports of metrics. */
  metricInterval: number;
}

/** Parses `a=1,b=2`, percent-encoded. */
const pairs = (text = ""): Record<string, string> =>
  Object.fromEntries(
    text.split(",").flatMap((pair) => {
      const [name = "", ...value] = pair.split("=");
      if (name.trim() === "" || value.length === 0) return [];
      try {
        return [[decodeURIComponent(name.trim()), decodeURIComponent(value.join("=").trim())]];
      } catch {
        return []; // Not percent-encoded as the specification requires: what is meant cannot be known.
      }
    }),
  );

const interval = z.coerce.number().int().positive();

/**
 * Reads the standard environment variables of OpenTelemetry exporters.
 *
 * @returns Undefined when they name no endpoint.
 */
export const otlpSettings = (env: Environment, serviceName: string): OtlpSettings | undefined => {
  if (env.OTEL_SDK_DISABLED?.toLowerCase() === "true") return undefined;
  const urlOf = (signal: "TRACES" | "METRICS", path: string): string | undefined => {
    if (env[`OTEL_${signal}_EXPORTER`] === "none") return undefined;
    const own = env[`OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`];
    const shared = env.OTEL_EXPORTER_OTLP_ENDPOINT;
    const url = own || (shared && `${shared.replace(/\/+$/, "")}${path}`);
    return url && URL.canParse(url) ? url : undefined;
  };
  const tracesUrl = urlOf("TRACES", "/v1/traces");
  const metricsUrl = urlOf("METRICS", "/v1/metrics");
  if (tracesUrl === undefined && metricsUrl === undefined) return undefined;
  return {
    tracesUrl,
    metricsUrl,
    headers: pairs(env.OTEL_EXPORTER_OTLP_HEADERS),
    resource: {
      "service.name": serviceName,
      ...pairs(env.OTEL_RESOURCE_ATTRIBUTES),
      ...(env.OTEL_SERVICE_NAME && { "service.name": env.OTEL_SERVICE_NAME }),
    },
    metricInterval: interval.safeParse(env.OTEL_METRIC_EXPORT_INTERVAL).data ?? 60_000,
  };
};
