import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { memoryOf } from "./memory.ts";

/** A formation as far as it is measured. */
export interface MeasuredFormation {
  formationId: string;
  draft: boolean;
  status: string;
  restartCount: number;
  /** Of all its processes. */
  pids: readonly number[];
}

/** One request on its way through the proxy. */
export interface Measurement {
  /** The formation has begun to answer. */
  answered(isStream: boolean): void;
  /**
   * The answer has come to its end, or the connection has.
   *
   * @param failed The formation did not answer, answered 5xx or broke off.
   */
  ended(status: number, failed: boolean): void;
}

/** By which way a formation was reached: its live address, its draft's, or its MCP tools. */
export type Way = "api" | "draft" | "mcp";

export interface Metrics {
  /** Begins to measure a request to a formation that exists: other names would grow without end. */
  begin(formationId: string, way: Way): Measurement;
  /** All figures in Prometheus's text format. */
  text(): Promise<string>;
  contentType: string;
}

/** Seconds. A model's answer takes from milliseconds to minutes. */
const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

const requestLabels = ["formation", "way"] as const;
const formationLabels = ["formation", "draft"] as const;

/**
 * Measures requests as they pass, and formations when somebody asks.
 *
 * @param formations Those that there are at the moment.
 */
export const createMetrics = (formations: () => readonly MeasuredFormation[]): Metrics => {
  const registry = new Registry();
  const registers = [registry];
  const requests = new Counter({
    name: "muxi_requests_total",
    help: "Requests passed on to a formation, by the first digit of the answer's status",
    labelNames: [...requestLabels, "status"] as const,
    registers,
  });
  const errors = new Counter({
    name: "muxi_request_errors_total",
    help: "Requests that a formation did not answer, answered with 5xx or broke off",
    labelNames: requestLabels,
    registers,
  });
  const firstByte = new Histogram({
    name: "muxi_response_start_seconds",
    help: "Time until a formation begins to answer",
    labelNames: requestLabels,
    buckets,
    registers,
  });
  const duration = new Histogram({
    name: "muxi_request_duration_seconds",
    help: "Time until an answer is complete; for a stream, all of it",
    labelNames: requestLabels,
    buckets,
    registers,
  });
  const streams = new Gauge({
    name: "muxi_open_streams",
    help: "Event streams that are open",
    labelNames: requestLabels,
    registers,
  });

  const up = new Gauge({
    name: "muxi_formation_up",
    help: "Running formations of this name: 1, 0 when it does not run, 2 while an update takes over",
    labelNames: formationLabels,
    registers,
  });
  const restarts = new Counter({
    name: "muxi_formation_restarts_total",
    help: "Restarts of a formation",
    labelNames: formationLabels,
    registers,
  });
  const memory = new Gauge({
    name: "muxi_formation_memory_bytes",
    help: "Memory that the processes of a formation hold (resident set)",
    labelNames: formationLabels,
    registers,
  });
  const ownMemory = new Gauge({
    name: "muxi_server_memory_bytes",
    help: "Memory that this server holds (resident set)",
    registers,
  });

  const readFormations = async (): Promise<void> => {
    // Anew each time: a formation that was deleted is not shown any more.
    for (const metric of [up, restarts, memory]) metric.reset();
    await Promise.all(
      formations().map(async ({ formationId, draft, status, restartCount, pids }) => {
        const labels = { formation: formationId, draft: String(draft) };
        up.inc(labels, status === "running" ? 1 : 0);
        restarts.inc(labels, restartCount);
        for (const bytes of await Promise.all(pids.map(memoryOf))) {
          if (bytes !== undefined) memory.inc(labels, bytes);
        }
      }),
    );
    ownMemory.set(process.memoryUsage.rss());
  };

  return {
    begin(formation, way) {
      const labels = { formation, way };
      const startedAt = performance.now();
      const seconds = () => (performance.now() - startedAt) / 1000;
      let isStream = false;
      return {
        answered(stream) {
          firstByte.observe(labels, seconds());
          isStream = stream;
          if (isStream) streams.inc(labels);
        },
        ended(status, failed) {
          requests.inc({ ...labels, status: `${Math.floor(status / 100)}xx` });
          duration.observe(labels, seconds());
          if (failed) errors.inc(labels);
          if (isStream) streams.dec(labels);
        },
      };
    },
    async text() {
      await readFormations();
      return registry.metrics();
    },
    contentType: registry.contentType,
  };
};
