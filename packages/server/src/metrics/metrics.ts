import type { TokensMessage } from "@muxi/protocol";
import { memoryOf } from "../base/memory.ts";
import { exposition, expositionType, Histogram, type Sample } from "./exposition.ts";

/** What the metrics need to know about a formation. */
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
  /** The formation has started to respond. */
  started(isStream: boolean): void;
  /**
   * The response is complete, or the connection has closed.
   *
   * @param failed The formation did not respond, responded with 5xx, or broke off.
   */
  ended(status: number, failed: boolean): void;
}

/** How a formation was reached: by its live address, its draft's, or as an MCP server. */
export type Way = "api" | "draft" | "mcp";

export interface Metrics {
  /** Starts measuring a request. Only for formations that exist: clients must not be able to add series at will. */
  begin(formationId: string, way: Way): Measurement;
  /** Counts tokens that a formation's requests have used. */
  countTokens(formationId: string, draft: boolean, models: TokensMessage["models"]): void;
  /** All metrics in Prometheus's text format. */
  text(): Promise<string>;
  contentType: string;
}

/** In seconds. Answers of models take from milliseconds to minutes. */
const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

/** The values for one formation, reached in one way. */
interface Series {
  labels: Readonly<Record<string, string>>;
  /** By the first digit of the status. */
  requests: Map<string, number>;
  errors: number;
  openStreams: number;
  start: Histogram;
  duration: Histogram;
}

/** During an update two formations have the same name; their values are added. */
const summed = (samples: readonly Sample[]): Sample[] => {
  const sums = new Map<string, Sample>();
  for (const [labels, value] of samples) {
    const key = JSON.stringify(labels);
    sums.set(key, [labels, (sums.get(key)?.[1] ?? 0) + value]);
  }
  return [...sums.values()];
};

/** Metrics of the current formations. */
const formationMetrics = async (formations: readonly MeasuredFormation[]): Promise<string[]> => {
  const up: Sample[] = [];
  const restarts: Sample[] = [];
  const memory: Sample[] = [];
  await Promise.all(
    formations.map(async ({ formationId, draft, status, restartCount, pids }) => {
      const labels = { formation: formationId, draft: String(draft) };
      up.push([labels, status === "running" ? 1 : 0]);
      restarts.push([labels, restartCount]);
      const bytes = (await Promise.all(pids.map(memoryOf))).filter((one) => one !== undefined);
      if (bytes.length > 0) memory.push([labels, bytes.reduce((sum, one) => sum + one, 0)]);
    }),
  );
  return [
    exposition(
      "muxi_formation_up",
      "gauge",
      "Running formations of this name: 1, 0 if it is not running, 2 while an update takes over",
      summed(up),
    ),
    exposition("muxi_formation_restarts_total", "counter", "Restarts of a formation", summed(restarts)),
    exposition(
      "muxi_formation_memory_bytes",
      "gauge",
      "Resident memory of a formation's processes",
      summed(memory),
    ),
  ];
};

/**
 * Requests are measured as they pass, formations when the metrics are read.
 *
 * @param formations Returns the current formations.
 */
export const createMetrics = (formations: () => readonly MeasuredFormation[]): Metrics => {
  const allSeries = new Map<string, Series>();
  const tokens = new Map<string, Sample>();

  const addTokens = (labels: Sample[0], count: number): void => {
    const key = JSON.stringify(labels);
    tokens.set(key, [labels, (tokens.get(key)?.[1] ?? 0) + count]);
  };

  const seriesOf = (formation: string, way: Way): Series => {
    const key = `${way} ${formation}`;
    let series = allSeries.get(key);
    if (!series) {
      series = {
        labels: { formation, way },
        requests: new Map(),
        errors: 0,
        openStreams: 0,
        start: new Histogram(buckets),
        duration: new Histogram(buckets),
      };
      allSeries.set(key, series);
    }
    return series;
  };

  const requestMetrics = (): string[] => {
    const all = [...allSeries.values()];
    return [
      exposition(
        "muxi_requests_total",
        "counter",
        "Requests forwarded to a formation, by the first digit of the response status",
        all.flatMap(({ labels, requests }) =>
          [...requests].map(([status, count]): Sample => [{ ...labels, status }, count]),
        ),
      ),
      exposition(
        "muxi_request_errors_total",
        "counter",
        "Requests that a formation did not respond to, responded to with 5xx, or broke off",
        all.map(({ labels, errors }) => [labels, errors]),
      ),
      exposition(
        "muxi_response_start_seconds",
        "histogram",
        "Time until a formation starts to respond",
        all.flatMap(({ labels, start }) => start.samples(labels)),
      ),
      exposition(
        "muxi_request_duration_seconds",
        "histogram",
        "Time until a response is complete, including all of a stream",
        all.flatMap(({ labels, duration }) => duration.samples(labels)),
      ),
      exposition(
        "muxi_open_streams",
        "gauge",
        "Open event streams",
        all.map(({ labels, openStreams }) => [labels, openStreams]),
      ),
      exposition(
        "muxi_model_tokens_total",
        "counter",
        "Tokens of requests that have ended, by the model that answered; cached and cache_write are parts of input",
        [...tokens.values()],
      ),
    ];
  };

  return {
    begin(formation, way) {
      const series = seriesOf(formation, way);
      const startedAt = performance.now();
      const seconds = () => (performance.now() - startedAt) / 1000;
      let isStream = false;
      return {
        started(stream) {
          series.start.observe(seconds());
          isStream = stream;
          if (isStream) series.openStreams += 1;
        },
        ended(status, failed) {
          const digit = `${Math.floor(status / 100)}xx`;
          series.requests.set(digit, (series.requests.get(digit) ?? 0) + 1);
          series.duration.observe(seconds());
          if (failed) series.errors += 1;
          if (isStream) series.openStreams -= 1;
        },
      };
    },
    countTokens(formation, draft, models) {
      for (const { model, usage } of models) {
        const counts = {
          input: usage.input_tokens,
          output: usage.output_tokens,
          cached: usage.cached_tokens ?? 0,
          cache_write: usage.cache_write_tokens ?? 0,
        };
        for (const [type, count] of Object.entries(counts)) {
          addTokens({ formation, draft: String(draft), model, type }, count);
        }
      }
    },
    async text() {
      const own = exposition("muxi_server_memory_bytes", "gauge", "Resident memory of this server", [
        [{}, process.memoryUsage.rss()],
      ]);
      return [...requestMetrics(), ...(await formationMetrics(formations())), own].join("");
    },
    contentType: expositionType,
  };
};
