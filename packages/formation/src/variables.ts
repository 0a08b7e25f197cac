import type { Environment } from "./base/index.ts";
import { apiKeyVariables } from "./models.ts";
import { builtInProviders } from "./providers.ts";

/** What the default model goes by (docs/spec/formation-files.md "The default model"). */
const defaultModelVariables = ["MUXI_MODEL", "OPENAI_MODEL", "OPENAI_BASE_URL"];

/** Where traces and metrics go (docs/spec/formation-files.md "OpenTelemetry"). */
const telemetryVariables = [
  "OTEL_EXPORTER_OTLP_ENDPOINT",
  "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
  "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
  "OTEL_EXPORTER_OTLP_HEADERS",
  "OTEL_SERVICE_NAME",
  "OTEL_RESOURCE_ATTRIBUTES",
  "OTEL_METRIC_EXPORT_INTERVAL",
  "OTEL_TRACES_EXPORTER",
  "OTEL_METRICS_EXPORTER",
  "OTEL_SDK_DISABLED",
];

/** They decide which programs run, and what is loaded into them: a formation has those of whoever starts its process. */
const ofPrograms = /^(?:PATH|NODE_.*|LD_.*|DYLD_.*)$/;

/**
 * Names of the variables that a formation may read, sorted.
 *
 * @param providers Of its models.
 * @param references Names that its files refer to.
 */
export const readableVariables = (providers: Iterable<string>, references: Iterable<string>): string[] => {
  const keys = [...builtInProviders, ...providers].flatMap(apiKeyVariables);
  const names = new Set([...defaultModelVariables, ...telemetryVariables, ...keys, ...references]);
  return [...names].filter((name) => !ofPrograms.test(name)).sort();
};

/** The variables of an environment that a formation may read. */
export const environmentOf = (
  { variables }: { variables: readonly string[] },
  env: Environment,
): Record<string, string> =>
  Object.fromEntries(
    variables.flatMap((name) => {
      const value = env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
